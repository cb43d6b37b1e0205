import { command } from "./command.ts";
import { readCounters } from "./counters.ts";
import type { Place } from "./place.ts";

/**
 * Rules of every node: packets that nf_conntrack calls INVALID are counted and dropped wherever they
 * go; packets whose source cannot be right are counted before routing would drop them silently.
 * The node's own ICMP redirects are left out: about the first packet of a flow they are always
 * INVALID, since nf_conntrack has not confirmed the flow when routing sends them.
 */
const RULES = `
table inet sluice_guard {
	counter invalid_forward {}
	counter invalid_input {}
	counter invalid_output {}
	counter own_source {}
	counter loopback_source {}
	counter reverse_path6 {}
	chain prerouting {
		type filter hook prerouting priority raw
		iifname != "lo" fib saddr type local counter name own_source
		iifname != "lo" ip saddr 127.0.0.0/8 counter name loopback_source
		iifname != "lo" ip6 saddr != { fe80::/10, :: } fib saddr . iif oif 0 counter name reverse_path6
	}
	chain forward {
		type filter hook forward priority filter
		ct state invalid counter name invalid_forward drop
	}
	chain input {
		type filter hook input priority filter
		ct state invalid counter name invalid_input drop
	}
	chain output {
		type filter hook output priority filter
		icmp type redirect accept
		icmpv6 type nd-redirect accept
		ct state invalid counter name invalid_output drop
	}
}
`;

interface NftCounters {
	readonly nftables: readonly {
		readonly counter?: { readonly name: string; readonly packets: number };
	}[];
}

/** Notices packets that a correct translation never produces, in every namespace of a lab. */
export class Guards {
	readonly #id: string;
	readonly #places = new Map<string, Place>();
	readonly #guarded = new Map<string, Place>();
	#before = new Map<string, number>();

	constructor(id: string) {
		this.#id = id;
	}

	/** Installs the rules in a node's namespace; from then on nf_conntrack is active there. */
	install(name: string, place: Place): void {
		place.run(["nft", "-f", "-"], RULES);
		this.#guarded.set(name, place);
		this.reset();
	}

	/** Watches the error counters of a namespace. */
	watch(name: string, place: Place): void {
		this.#places.set(name, place);
		for (const [counter, value] of readCounters(place)) {
			this.#before.set(`${name} ${counter}`, value);
		}
	}

	/** Takes what the counters show now as the base of the next check(). */
	reset(): void {
		this.#before = this.#read();
	}

	/** What has grown since the base, such as "node1 invalid_forward +3". */
	grown(): string[] {
		const grown: string[] = [];
		for (const [name, value] of this.#read()) {
			const before = this.#before.get(name) ?? 0;
			if (value > before) grown.push(`${name} +${value - before}`);
		}
		return grown;
	}

	/** Throws when anything has grown, and takes the new values as base. */
	check(): void {
		const grown = this.grown();
		this.reset();
		if (grown.length > 0) throw new Error(`guards: ${grown.join(", ")}`);
	}

	#read(): Map<string, number> {
		const values = new Map<string, number>();
		for (const [name, place] of this.#places) {
			for (const [counter, value] of readCounters(place)) values.set(`${name} ${counter}`, value);
		}
		for (const [name, place] of this.#guarded) {
			const listed = JSON.parse(place.run(["nft", "-j", "list", "counters"])) as NftCounters;
			for (const { counter } of listed.nftables) {
				if (counter) values.set(`${name} ${counter.name}`, counter.packets);
			}
		}
		values.set("kernel log: martians", this.#martianLines());
		return values;
	}

	/** Lines about martian packets on the nodes' devices, whose names contain the lab's id. */
	#martianLines(): number {
		const lines = command(["dmesg"]).split("\n");
		return lines.filter((line) => line.includes("martian") && line.includes(this.#id)).length;
	}
}
