/** Reads who uses netfilter in this network namespace. */
import { existsSync, readFileSync } from "node:fs";
import type { Addon } from "../dataplane/addon.ts";
import type { NetfilterView } from "./redirect-policy.ts";

export function readNetfilter(addon: Addon): NetfilterView {
	const hooks = addon.netfilterHooks();
	const others = hooks === undefined ? otherUsers() : [];
	return { hooks, chains: addon.nftBaseChains(), others };
}

/** For kernels that cannot list their hooks: everything else that registers any, as far as it shows. */
function otherUsers(): string[] {
	return [
		...lines("/proc/net/ip_tables_names").map((table) => `iptables table ${table}`),
		...lines("/proc/net/ip6_tables_names").map((table) => `ip6tables table ${table}`),
		...lines("/proc/modules")
			.filter((line) => /^ebtable_/.test(line))
			.map((line) => `bridge table ${line.split(" ")[0]}`),
		// Three lines of heads, then the virtual servers.
		...lines("/proc/net/ip_vs")
			.slice(3)
			.map(() => "IPVS"),
		...(existsSync("/sys/fs/selinux/enforce") ? ["SELinux"] : []),
	];
}

function lines(path: string): string[] {
	try {
		return readFileSync(path, "utf8").split("\n").filter(Boolean);
	} catch {
		return [];
	}
}
