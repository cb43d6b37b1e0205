/** From options as text to what decides how Services are served. */
import { UsageError } from "./config.ts";
import { parsePatterns, parseSwitch, within } from "./config-parse.ts";
import { parseCIDR } from "./model/cidr.ts";
import { NODE_PORT_KEYWORDS } from "./model/node-reach.ts";
import type { Cidr } from "./model/objects.ts";
import {
	DEFAULT_PROXY_SETTINGS,
	DETECT_LOCAL_MODES,
	type ServiceProxySettings,
} from "./model/proxy-settings.ts";

/** Options as the command line gives them; absent ones are undefined. */
export interface ServiceProxyOptions {
	readonly nodeportAddresses?: string;
	readonly iptablesLocalhostNodeports?: string | boolean;
	readonly masqueradeAll?: string | boolean;
	readonly detectLocalMode?: string;
	readonly clusterCidr?: string;
	readonly podBridgeInterface?: string;
	readonly podInterfaceNamePrefix?: string;
	readonly externalIpsAllowed?: string;
}

/** Throws UsageError for the first mistake found. */
export function serviceProxySettings(options: ServiceProxyOptions): ServiceProxySettings {
	const base = DEFAULT_PROXY_SETTINGS;
	return {
		nodePortAddresses: cidrsOf(
			"--nodeport-addresses",
			options.nodeportAddresses,
			NODE_PORT_KEYWORDS,
		),
		localhostNodePorts: within("--iptables-localhost-nodeports", () =>
			parseSwitch(String(options.iptablesLocalhostNodeports ?? base.localhostNodePorts)),
		),
		masqueradeAll: within("--masquerade-all", () =>
			parseSwitch(String(options.masqueradeAll ?? base.masqueradeAll)),
		),
		detectLocalMode: detectLocalMode(options.detectLocalMode ?? ""),
		clusterCIDRs: cidrsOf("--cluster-cidr", options.clusterCidr),
		podBridgeInterface: options.podBridgeInterface ?? base.podBridgeInterface,
		podInterfaceNamePrefix: options.podInterfaceNamePrefix ?? base.podInterfaceNamePrefix,
		externalIPsAllowed:
			options.externalIpsAllowed === undefined
				? base.externalIPsAllowed
				: cidrsOf("--external-ips-allowed", options.externalIpsAllowed),
	};
}

/** "10.0.0.0/8,fd00::/8" in canonical form; words of `keywords` stay as they are. */
function cidrsOf(flag: string, text = "", keywords: readonly string[] = []): Cidr[] {
	return parsePatterns(text).map((part) => {
		const cidr = keywords.includes(part) ? part : parseCIDR(part);
		if (cidr !== undefined) return cidr;
		const words = keywords.length > 0 ? `, and none of ${keywords.join(", ")}` : "";
		throw new UsageError(`${flag}: "${part}" is not an address and a prefix length${words}`);
	});
}

function detectLocalMode(text: string): ServiceProxySettings["detectLocalMode"] {
	if (text === "") return DEFAULT_PROXY_SETTINGS.detectLocalMode;
	const mode = DETECT_LOCAL_MODES.find((known) => known === text);
	if (mode !== undefined) return mode;
	throw new UsageError(
		`--detect-local-mode: "${text}" is none of ${DETECT_LOCAL_MODES.join(", ")}`,
	);
}
