/** Reads who uses netfilter in this network namespace. */
import { existsSync } from "node:fs";
import type { Addon, NftChain } from "../dataplane/addon.ts";
import { ipvsLines, procLines } from "./proc-lines.ts";
import type { NetfilterView } from "./redirect-policy.ts";

type Netfilter = Pick<Addon, "netfilterHooks" | "nftBaseChains" | "nftGeneration">;

/**
 * Looks again and again, and lists nftables' chains only when something about them has changed: the
 * kernel needs a millisecond for each 1,000.
 */
export class NetfilterReader {
	readonly #addon: Netfilter;
	#generation: number | undefined;
	#chains: readonly NftChain[] | undefined;

	constructor(addon: Netfilter) {
		this.#addon = addon;
	}

	read(): NetfilterView {
		const hooks = this.#addon.netfilterHooks();
		const others = hooks === undefined ? otherUsers() : [];
		return { hooks, chains: this.#currentChains(), others };
	}

	/** A list that is newer than the number read before it is read once more, which does no harm. */
	#currentChains(): readonly NftChain[] | undefined {
		const generation = this.#addon.nftGeneration();
		if (generation === undefined || generation !== this.#generation) {
			this.#chains = this.#addon.nftBaseChains();
			this.#generation = generation;
		}
		return this.#chains;
	}
}

/** For kernels that cannot list their hooks: everything else that registers any, as far as it shows. */
function otherUsers(): string[] {
	return [
		...procLines("/proc/net/ip_tables_names").map((table) => `iptables table ${table}`),
		...procLines("/proc/net/ip6_tables_names").map((table) => `ip6tables table ${table}`),
		...procLines("/proc/modules")
			.filter((line) => /^ebtable_/.test(line))
			.map((line) => `bridge table ${line.split(" ")[0]}`),
		...ipvsLines().map(() => "IPVS"),
		...(existsSync("/sys/fs/selinux/enforce") ? ["SELinux"] : []),
	];
}
