/**
 * What configures the agent in the end: flags, or kube-proxy's configuration file in place of most
 * of them. Precedence as in kube-proxy: beside a file, --hostname-override, --master and the logging
 * flags count, and Sluice's own flags, for which the file has no field.
 */
import { readFileSync } from "node:fs";
import { type AgentConfig, type Environment, UsageError } from "./config.ts";
import { type AgentOptions, agentConfig } from "./config-agent.ts";
import {
	FILE_FLAGS,
	FLAGS_OVER_FILE,
	type FlagOptions,
	flagOfField,
	optionName,
	optionsOf,
	withOptions,
} from "./config-flags.ts";
import { ConfigurationError } from "./proxy-config/configuration-error.ts";
import { emptyConfiguration } from "./proxy-config/decode.ts";
import { appendPort, withDefaults } from "./proxy-config/defaults.ts";
import { loadConfiguration } from "./proxy-config/load.ts";
import type { KubeProxyConfiguration } from "./proxy-config/schema.ts";
import { unusedFields } from "./proxy-config/unused.ts";
import { validateConfiguration } from "./proxy-config/validate.ts";

export interface CommandLine {
	readonly options: AgentOptions;
	/** Names of the options that the command line has, rather than a default. */
	readonly given: ReadonlySet<string>;
}

export interface EffectiveConfiguration {
	/** As if all had been said by flags. */
	readonly options: AgentOptions;
	readonly configuration: KubeProxyConfiguration;
	/** Sentences for the log. */
	readonly warnings: readonly string[];
}

/** Deprecated flags for ports: 0 turns the server off, others complete an address without port. */
const PORT_FLAGS = [
	{ flag: "healthz-port", address: "healthz-bind-address" },
	{ flag: "metrics-port", address: "metrics-bind-address" },
] as const;

/** Flags without a field that a file takes the place of all the same. */
const PORT_FLAG_NAMES: readonly string[] = PORT_FLAGS.map(({ flag }) => flag);

/** All of it, ready to run by. Reads the configuration file; throws UsageError. */
export function configure(
	line: CommandLine,
	environment: Environment,
): { readonly config: AgentConfig; readonly warnings: readonly string[] } {
	const { options, configuration, warnings } = effectiveConfiguration(line);
	return { config: agentConfig(options, environment, configuration), warnings };
}

/** Reads the configuration file, if one is given. Throws UsageError with all that is wrong. */
export function effectiveConfiguration(line: CommandLine): EffectiveConfiguration {
	return line.options.config === undefined ? fromFlags(line) : fromFile(line, line.options.config);
}

function fromFlags({ options, given }: CommandLine): EffectiveConfiguration {
	const ported = withPorts(options);
	const flags: FlagOptions = { ...ported };
	const { bindAddress, proxyMode = "" } = options;
	const base = withDefaults({ ...emptyConfiguration(), bindAddress, mode: proxyMode });
	const configuration = withOptions(base, flags);
	const { mode } = configuration;
	const [problem] = validateConfiguration(configuration).filter(({ path }) => !isWider(path));
	if (problem !== undefined) {
		const flag = flagOfField(problem.path.replace(/\[.*/, ""), mode);
		throw new UsageError(`${flag ? `--${flag}` : problem.path}: ${problem.reason}`);
	}
	const ports = PORT_FLAGS.filter(({ flag }) => given.has(optionName(flag)));
	return {
		// Their default depends on the mode.
		options: { ...ported, nodeportAddresses: configuration.nodePortAddresses.join(",") },
		configuration,
		warnings: [
			...unusedFlags(configuration, given),
			...ports.map(
				({ flag, address }) =>
					`--${flag} is deprecated: 0 turns the server off, otherwise use --${address}`,
			),
		],
	};
}

function fromFile({ options, given }: CommandLine, path: string): EffectiveConfiguration {
	const { configuration: file, warnings } = readConfiguration(path);
	const overrides = FLAGS_OVER_FILE.map(optionName).filter((name) => given.has(name));
	const kept = Object.fromEntries(overrides.map((name) => [name, { ...options }[name]]));
	const configuration = withOptions(file, kept);
	const fields = optionsOf(configuration);
	const ignored = [...FILE_FLAGS, ...PORT_FLAG_NAMES].filter((flag) => given.has(optionName(flag)));
	const notHeard = ignored.map((flag) => `--${flag}`).join(", ");
	return {
		options: { ...options, ...withoutEmpty(fields, options.manifests !== undefined) },
		configuration,
		warnings: [
			...warnings,
			...(notHeard === "" ? [] : [`ignored, since --config is given: ${notHeard}`]),
			...unusedFlags(configuration, new Set(overrides)),
		],
	};
}

function readConfiguration(path: string): ReturnType<typeof loadConfiguration> {
	try {
		return loadConfiguration(readFileSync(path, "utf8"));
	} catch (error) {
		const isExpected =
			error instanceof ConfigurationError || (error instanceof Error && "code" in error);
		if (isExpected) throw new UsageError(`--config ${path}: ${error.message}`);
		throw error;
	}
}

/** Of text that is empty in a file, the flag was not given, whatever the command line says. A directory of manifests needs no kubeconfig. */
function withoutEmpty(fields: FlagOptions, hasManifests: boolean): FlagOptions {
	const entries = Object.entries(fields).filter(([, value]) => value !== "");
	const absent = Object.entries(fields).filter(([, value]) => value === "");
	const none = Object.fromEntries(absent.map(([name]) => [name, undefined]));
	return {
		...none,
		...Object.fromEntries(entries),
		...(hasManifests ? { kubeconfig: undefined } : {}),
	};
}

function withPorts(options: AgentOptions): AgentOptions {
	const addresses = PORT_FLAGS.flatMap(({ flag, address }) => {
		const port = { ...options }[optionName(flag) as keyof AgentOptions];
		if (port === undefined) return [];
		const name = optionName(address) as "healthzBindAddress" | "metricsBindAddress";
		if (port === "0") return [[name, ""]];
		const given = options[name];
		return given === undefined ? [] : [[name, appendPort(given, Number(port))]];
	});
	return { ...options, ...Object.fromEntries(addresses) };
}

/** What Sluice's flags take and kube-proxy's do not; config-agent.ts judges these. */
function isWider(path: string): boolean {
	return /^(nodePortAddresses|healthzBindAddress|metricsBindAddress|clusterCIDR)/.test(path);
}

function unusedFlags(config: KubeProxyConfiguration, given: ReadonlySet<string>): string[] {
	return unusedFields(config).flatMap(({ path, instead }) => {
		const flag = flagOfField(path, config.mode);
		const isGiven = flag !== undefined && given.has(optionName(flag));
		return isGiven ? [`--${flag} has no effect: ${instead}`] : [];
	});
}
