/** `sluice agent`: its options, kube-proxy's names where kube-proxy has them. */
import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { readEnvironment } from "../config.ts";
import type { AgentOptions } from "../config-agent.ts";
import type { CommandLine } from "../config-effective.ts";
import { parseSwitch, within } from "../config-parse.ts";
import { runCleanup } from "./cleanup-command.ts";
import type { CliIo } from "./io.ts";
import { ACCEPTED_FLAGS, HIDDEN_FLAGS } from "./kube-proxy-flags.ts";
import { addServiceOptions, DEFAULT_PIN_PATH } from "./options.ts";
import { VERSION } from "./version.ts";

export function agentCommand(io: CliIo): Command {
	const command = new Command("agent");
	command.description(
		"Serve the Services of an API server, or of a directory of manifests, on this node.\n" +
			"Programs, links and maps stay in place when the agent ends: only `sluice cleanup` removes them.",
	);
	command.summary("Serve Services on this node.");
	addSourceOptions(command);
	addServiceOptions(command);
	addDatapathOptions(command);
	addTimeoutOptions(command);
	addServeOptions(command);
	addTaskOptions(command);
	for (const flags of [...HIDDEN_FLAGS, ...ACCEPTED_FLAGS.map(({ flags }) => flags)]) {
		command.addOption(new Option(flags).hideHelp());
	}
	command.version(`sluice ${VERSION}`, "--version", "print the version");
	command.addHelpText(
		"after",
		"\nWith --config, flags that the file has a field for are ignored, but for --hostname-override and\n" +
			"logging. kube-proxy's other flags are accepted; those without effect are answered with a warning\n" +
			"that says what happens instead. Durations are Go's: 500ms, 30s, 1h30m.",
	);
	command.action(() => run(command, io));
	return command;
}

/** What kube-proxy's flags for one task ask for, or the agent. */
async function run(command: Command, io: CliIo): Promise<void> {
	const line = commandLine(command);
	const { cleanup, initOnly, pinPath, writeConfigTo } = line.options;
	if (writeConfigTo !== undefined) {
		await writeConfiguration(line, writeConfigTo, io);
		return;
	}
	if (isOn("--cleanup", cleanup)) {
		await runCleanup(pinPath, io);
		return;
	}
	if (isOn("--init-only", initOnly)) {
		await prepare(line, io);
		return;
	}
	const { configure } = await import("../config-effective.ts");
	const environment = readEnvironment();
	const { config, warnings } = configure(line, environment);
	const { runAgent } = await import("../agent/run.ts");
	const load = () => configure(line, environment);
	const path = line.options.config;
	await runAgent(config, environment, {
		warnings: [...warnings, ...acceptedWarnings(command)],
		file: path === undefined ? undefined : { path, load },
	});
}

function isOn(flag: string, value: string | boolean | undefined): boolean {
	return within(flag, () => parseSwitch(String(value ?? false)));
}

async function writeConfiguration(line: CommandLine, file: string, io: CliIo): Promise<void> {
	const { effectiveConfiguration } = await import("../config-effective.ts");
	const { toYaml } = await import("../proxy-config/encode.ts");
	const { configuration, warnings } = effectiveConfiguration(line);
	for (const warning of warnings) io.err(`sluice: ${warning}\n`);
	writeFileSync(file, toYaml(configuration));
	io.out(`wrote ${file}\n`);
}

async function prepare(line: CommandLine, io: CliIo): Promise<void> {
	const { configure } = await import("../config-effective.ts");
	// The objects' source is the agent's affair.
	const manifests = line.options.manifests ?? "/";
	const options = { ...line.options, manifests };
	const { config } = configure({ ...line, options }, readEnvironment());
	const { loadAddon } = await import("../dataplane/addon.ts");
	const { prepareNode } = await import("../agent/prepare.ts");
	io.out(`ready for the agent: ${prepareNode(loadAddon(), config)}\n`);
}

function addSourceOptions(command: Command): void {
	command.optionsGroup("Objects:");
	command
		.option(
			"--config <file>",
			"kube-proxy's configuration file; changes are applied while the agent runs",
		)
		.option("--kubeconfig <file>", "kubeconfig of the API server")
		.option("--master <url>", "address of the API server; overrides the kubeconfig's")
		.option(
			"--manifests <dir>",
			"directory of YAML or JSON manifests, watched, instead of an API server",
		)
		.option("--hostname-override <node>", "name of this Node object (default: the host name)");
}

function addDatapathOptions(command: Command): void {
	command.optionsGroup("Datapath:");
	command
		.option("--pin-path <dir>", "where maps and links are pinned, on a bpffs", DEFAULT_PIN_PATH)
		.option("--cgroup-root <dir>", "sockets below this cgroup are served (default: cgroup v2 root)")
		.option("--socket-lb <on|off>", "translate at connect() and sendmsg() of local sockets", "on")
		.addOption(
			new Option("--forwarding <mode>", "how translated packets of pods go on")
				.choices(["auto", "stack", "redirect"])
				.default("auto"),
		)
		.addOption(
			new Option("--tc-attach <kind>", "how programs are attached to devices")
				.choices(["auto", "tcx", "clsact"])
				.default("auto"),
		)
		.option("--uplinks <patterns>", "devices that lead out of the node (default: discovered)")
		.option("--pod-devices <patterns>", "host ends of pod devices (default: discovered)")
		.option("--masquerade-ports <first-last>", "source ports for masquerade", "61000-65535")
		.option("--max-services <n>", "service ports, per family", "65536")
		.option("--max-backends <n>", "endpoints, summed over service ports", "262144")
		.option(
			"--max-flows <n>",
			"flow entries, two for each translated connection " +
				"(default: 262144, or by conntrack.maxPerCore and conntrack.min where they are set)",
		)
		.option(
			"--max-half-open <n>",
			"TCP and SCTP flows in their handshake before overflow is used",
			"65536",
		)
		.option("--min-sync-period <duration>", "shortest time between two syncs", "10ms");
}

function addTimeoutOptions(command: Command): void {
	command.optionsGroup("Flow timeouts:");
	command
		.option("--conntrack-tcp-timeout-established <duration>", "idle TCP connections", "24h0m0s")
		.option(
			"--conntrack-tcp-timeout-close-wait <duration>",
			"half-closed TCP connections",
			"1h0m0s",
		)
		.option("--conntrack-udp-timeout <duration>", "UDP without answer; 0: 30s", "0s")
		.option("--conntrack-udp-timeout-stream <duration>", "UDP with answers; 0: 120s", "0s")
		.option(
			"--flow-timeouts <list>",
			"others (default: tcp-syn=120s,tcp-closed=120s,icmp=30s,sctp=210s)",
		);
}

function addServeOptions(command: Command): void {
	command.optionsGroup("Health, metrics, logs:");
	command
		.option("--bind-address <address>", "this node's own address, unless unspecified", "0.0.0.0")
		.option(
			"--healthz-bind-address <address>",
			"/healthz and /livez; empty: off (default: 0.0.0.0:10256, [::]:10256 if --bind-address is IPv6)",
		)
		.option(
			"--metrics-bind-address <address>",
			"/metrics, /configz, /proxyMode; empty: off (default: 127.0.0.1:10249, [::1]:10249 likewise)",
		)
		.option("--bind-address-hard-fail [bool]", "exit when an address cannot be bound")
		.option("--oom-score-adj <n>", "the agent's own, -1000 to 1000 (default: -999)")
		.addOption(
			new Option("-v, --v <level>", "log verbosity, 0 to 10")
				.default("0")
				// Go's "-v=4".
				.argParser((text) => text.replace(/^=/, "")),
		);
}

function addTaskOptions(command: Command): void {
	command.optionsGroup("Instead of running:");
	command
		.option("--write-config-to <file>", "write the configuration as YAML, in kube-proxy's form")
		.option("--init-only [bool]", "mount a bpffs if there is none, and look for a cgroup v2 root")
		.option("--cleanup [bool]", "what sluice cleanup does");
}

/** The options of a parsed command, and which of them were given. */
export function commandLine(command: Command): CommandLine {
	const options = command.opts<AgentOptions>();
	const names = Object.keys(options);
	return {
		options,
		given: new Set(names.filter((name) => command.getOptionValueSource(name) === "cli")),
	};
}

/** One sentence for each flag that is accepted and that the configuration has no field for. */
function acceptedWarnings(command: Command): string[] {
	return ACCEPTED_FLAGS.filter(({ flags }) => {
		const option = new Option(flags);
		return command.getOptionValue(option.attributeName()) !== undefined;
	}).map(({ flags, instead }) => `${flags.split(" ")[0]} has no effect: ${instead}`);
}
