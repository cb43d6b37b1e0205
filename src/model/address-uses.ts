import type { Address } from "./objects.ts";

/** How many Services have each cluster IP, and which ones nobody has any more. */
export class AddressUses {
	readonly #uses = new Map<Address, number>();
	#freed = new Set<Address>();

	has(address: Address): boolean {
		return this.#uses.has(address);
	}

	/** One Service's addresses become others. */
	replace(before: readonly Address[], after: readonly Address[]): void {
		for (const address of after) {
			this.#uses.set(address, (this.#uses.get(address) ?? 0) + 1);
			this.#freed.delete(address);
		}
		for (const address of before) {
			const uses = (this.#uses.get(address) ?? 0) - 1;
			if (uses > 0) this.#uses.set(address, uses);
			else if (this.#uses.delete(address)) this.#freed.add(address);
		}
	}

	/** Addresses that no Service has, and some had at the last call. */
	takeFreed(): Set<Address> {
		const freed = this.#freed;
		this.#freed = new Set();
		return freed;
	}
}
