/** How many connections are tracked, from kube-proxy's configuration. */

import { defaultConfiguration } from "./proxy-config/defaults.ts";
import { fieldOf } from "./proxy-config/fields.ts";
import type { KubeProxyConfiguration } from "./proxy-config/schema.ts";

/** Room for kube-proxy's least, `conntrack.min`, at two entries for each connection. */
const DEFAULT_FLOWS = 2 * 131_072;

/** kube-proxy's (cmd/kube-proxy/app/server_linux.go, getConntrackMax): wins over conntrack.min. */
const MAX_CONNECTIONS = 1_048_576;

const FIELDS = ["conntrack.maxPerCore", "conntrack.min"];

/**
 * Entries of the flow table where `--max-flows` does not say it, two for each connection. What somebody has set for
 * nf_conntrack_max counts by kube-proxy's rule: maxPerCore for each core, at least min; a maxPerCore of 0 leaves
 * the size alone. Their defaults do not: unlike nf_conntrack's, this table takes its memory at once.
 */
export function flowEntries(configuration: KubeProxyConfiguration, cores: number): number {
	const defaults = defaultConfiguration();
	const isSet = FIELDS.some((path) => fieldOf(configuration, path) !== fieldOf(defaults, path));
	const { maxPerCore, min } = configuration.conntrack;
	if (!isSet || maxPerCore === 0) return DEFAULT_FLOWS;
	return 2 * Math.min(MAX_CONNECTIONS, Math.max(min, maxPerCore * cores));
}
