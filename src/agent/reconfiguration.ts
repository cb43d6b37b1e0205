/** A configuration file that changes while the agent runs: applied, or refused. */

import { isDeepStrictEqual } from "node:util";
import type { AgentConfig } from "../config.ts";
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { fieldOf, fieldPaths, withFields } from "../proxy-config/fields.ts";
import type { KubeProxyConfiguration } from "../proxy-config/schema.ts";
import { UNUSED } from "../proxy-config/unused.ts";

export interface ReconfigurationDeps {
	/** What the agent was started with. */
	readonly config: AgentConfig;
	/** Reads the file. Throws when it cannot be used. */
	readonly load: () => { readonly config: AgentConfig; readonly warnings: readonly string[] };
	/** Has what can change in a running agent changed; of the rest, the configuration is as at the start. */
	readonly apply: (config: AgentConfig) => void;
	/** The file is refused and the last good one stays in effect; once for each reason. */
	readonly onRefused: (reason: string) => void;
	readonly log: Logger;
}

/** Fields that a running agent does not change. */
export const AT_START: readonly string[] = [
	"clientConnection.kubeconfig",
	"logging.verbosity",
	"hostnameOverride",
	"healthzBindAddress",
	"metricsBindAddress",
	"bindAddressHardFail",
	"conntrack.maxPerCore",
	"conntrack.min",
	"iptables.syncPeriod",
	"ipvs.syncPeriod",
	"nftables.syncPeriod",
];

export class Reconfiguration {
	readonly #deps: ReconfigurationDeps;
	/** As the file says it. */
	#current: AgentConfig;
	#refused = "";

	constructor(deps: ReconfigurationDeps) {
		this.#deps = deps;
		this.#current = deps.config;
	}

	/** To be called when the file may have changed. Never throws: a running agent goes on. */
	look(): void {
		try {
			const { config, warnings } = this.#deps.load();
			const changed = differences(this.#current, config);
			if (changed.length > 0) this.#apply(config, changed, warnings);
			this.#refused = "";
		} catch (error) {
			this.#refuse(reasonOf(error));
		}
	}

	#apply(config: AgentConfig, changed: readonly string[], warnings: readonly string[]): void {
		const { apply, config: atStart, log } = this.#deps;
		for (const warning of warnings) log.warn(warning);
		apply({ ...config, configuration: this.#inEffect(config.configuration) });
		this.#current = config;
		log.info({ changed }, "the changed configuration is in effect");
		const later = differences(atStart, config).filter((path) => AT_START.includes(path));
		if (later.length > 0) log.warn(`takes effect at the next start: ${later.join(", ")}`);
	}

	#inEffect(configuration: KubeProxyConfiguration): KubeProxyConfiguration {
		const start = this.#deps.config.configuration;
		return withFields(configuration, new Map(AT_START.map((path) => [path, fieldOf(start, path)])));
	}

	#refuse(reason: string): void {
		if (reason === this.#refused) return;
		this.#refused = reason;
		this.#deps.log.error({ reason }, "the changed configuration is refused; the last one stays");
		this.#deps.onRefused(reason);
	}
}

/** Paths of fields that have an effect and differ. */
function differences(a: AgentConfig, b: AgentConfig): string[] {
	const value = ({ configuration }: AgentConfig, path: string) => fieldOf(configuration, path);
	return fieldPaths().filter(
		(path) =>
			(path === "mode" || !Object.hasOwn(UNUSED, path)) &&
			!isDeepStrictEqual(value(a, path), value(b, path)),
	);
}
