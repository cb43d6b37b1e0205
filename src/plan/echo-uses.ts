import type { Address, ObjectKey } from "../model/objects.ts";

/** At which addresses Services answer ICMP echo, and of which addresses the entries are to be looked at. */
export class EchoUses {
	/** How many Services answer there: they may share an address. */
	readonly #counts = new Map<Address, number>();
	readonly #addresses = new Map<ObjectKey, readonly Address[]>();
	readonly #unsettled = new Set<Address>();

	/** Whether some Service answers there. */
	has(address: Address): boolean {
		return this.#counts.has(address);
	}

	/** The Service answers at these, and no longer elsewhere. */
	replace(service: ObjectKey, addresses: readonly Address[]): void {
		const before = this.#addresses.get(service) ?? [];
		for (const address of addresses) this.#count(address, 1);
		for (const address of before) this.#count(address, -1);
		if (addresses.length > 0) this.#addresses.set(service, addresses);
		else this.#addresses.delete(service);
	}

	/** Addresses whose entries may be wrong: until settle(). */
	get unsettled(): ReadonlySet<Address> {
		return this.#unsettled;
	}

	/** The address's entry is to be looked at. */
	unsettle(address: Address): void {
		this.#unsettled.add(address);
	}

	/** The entry was found to be right. */
	settle(address: Address): void {
		this.#unsettled.delete(address);
	}

	#count(address: Address, change: 1 | -1): void {
		const count = (this.#counts.get(address) ?? 0) + change;
		if (count > 0) this.#counts.set(address, count);
		else this.#counts.delete(address);
		this.#unsettled.add(address);
	}
}
