import type { Change } from "../../../src/model/objects.ts";
import { gone, service, slice } from "../../lib/objects.ts";
import type { Outcome } from "../../unit/sync/lookup.ts";
import type { Ask } from "./watcher.ts";

interface Entry {
	/** Number of its address. */
	vip: number;
	endpoints: readonly string[];
	alive: boolean;
}

/** Endpoints that Services can have: the same one may be in several. */
const POOL = 20_000;
const MAX_ENDPOINTS = 6;

/** Many Services that change at random, and what clients must meet, worked out without the agent's code. */
export class LargeWorld {
	readonly #random: () => number;
	readonly #entries: Entry[];
	readonly #owners = new Map<number, number>();

	constructor(services: number, random: () => number) {
		this.#random = random;
		this.#entries = Array.from({ length: services }, (_, n) => {
			this.#owners.set(n, n);
			return { vip: n, endpoints: this.#someEndpoints(), alive: n % 10 !== 0 };
		});
	}

	/** Everything that exists. */
	objects(): Change[] {
		return this.#entries.flatMap((entry, n) => (entry.alive ? objectsOf(n, entry) : []));
	}

	/** A few things happen at once: the changes, and what can be asked for that they are about. */
	happen(): { readonly changes: readonly Change[]; readonly asks: readonly Ask[] } {
		const touched = new Set<number>();
		const count = 1 + this.#pick(12);
		for (let i = 0; i < count; i++) {
			const n = this.#pick(this.#entries.length);
			const other = this.#pick(this.#entries.length);
			// One thing at a time: two of them together would be met one after the other.
			if (touched.has(n) || touched.has(other)) continue;
			touched.add(n);
			const entry = this.#entry(n);
			const kind = this.#pick(10);
			if (kind < 6) entry.endpoints = this.#someEndpoints();
			else if (kind < 8) entry.alive = !entry.alive;
			else touched.add(this.#exchangeAddresses(n, other));
		}
		const changes = [...touched].flatMap((n) => {
			const entry = this.#entry(n);
			return entry.alive ? objectsOf(n, entry) : objectsOf(n, entry).map(gone);
		});
		return { changes, asks: [...touched].map((n) => askOf(this.#entry(n).vip)) };
	}

	/** Asks about some Services that nothing happens to. */
	someAsks(count: number): Ask[] {
		return Array.from({ length: count }, () => askOf(this.#pick(this.#entries.length)));
	}

	/** What an ask must meet. */
	expected({ address }: Ask): Outcome {
		const [, , high = 0, low = 0] = address.split(".").map(Number);
		const owner = this.#entry(this.#owners.get(high * 250 + low - 1) ?? 0);
		if (!owner.alive) return "miss";
		const all = [...new Set(owner.endpoints)].map((one) => `${one}:8080`).sort();
		return all.length > 0 ? all.join(" ") : "reject";
	}

	#entry(n: number): Entry {
		const entry = this.#entries[n];
		if (!entry) throw new RangeError(`there is no Service ${n}`);
		return entry;
	}

	#exchangeAddresses(n: number, other: number): number {
		const [a, b] = [this.#entry(n), this.#entry(other)];
		[a.vip, b.vip] = [b.vip, a.vip];
		this.#owners.set(a.vip, n).set(b.vip, other);
		return other;
	}

	#someEndpoints(): string[] {
		return Array.from({ length: this.#pick(MAX_ENDPOINTS + 1) }, () => {
			const n = this.#pick(POOL);
			return `10.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
		});
	}

	#pick(below: number): number {
		return Math.floor(this.#random() * below);
	}
}

/** One port of TCP, and one of UDP, which leaves tombstones. */
function objectsOf(n: number, { vip, endpoints }: Entry): Change[] {
	return [
		service(`s${n}`, addressOf(vip), ["main:80/TCP", "other:53/UDP"]),
		slice(`s${n}-a`, ["main:8080/TCP", "other:5353/UDP"], [...new Set(endpoints)]),
	];
}

function addressOf(vip: number): string {
	return `10.96.${Math.floor(vip / 250)}.${(vip % 250) + 1}`;
}

function askOf(vip: number): Ask {
	return { address: addressOf(vip), port: 80, proto: 6 };
}
