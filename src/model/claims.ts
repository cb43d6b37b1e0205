import type { ObjectKey } from "./objects.ts";

/**
 * Who wants which frontend. Two Services may name the same address, port and protocol; the one
 * whose key sorts first has it, on every node and after every restart alike.
 */
export class Claims {
	/** Frontend key -> claimants, sorted. */
	readonly #claimants = new Map<string, ObjectKey[]>();
	readonly #claims = new Map<ObjectKey, readonly string[]>();

	/** Replaces what `key` claims. Returns the other claimants of every frontend that changed. */
	replace(key: ObjectKey, frontends: readonly string[]): Set<ObjectKey> {
		const affected = new Set<ObjectKey>();
		for (const frontend of this.#claims.get(key) ?? []) this.#withdraw(key, frontend, affected);
		for (const frontend of frontends) this.#enter(key, frontend, affected);
		if (frontends.length > 0) this.#claims.set(key, frontends);
		else this.#claims.delete(key);
		return affected;
	}

	/** The Service that has the frontend. */
	owner(frontend: string): ObjectKey | undefined {
		return this.#claimants.get(frontend)?.[0];
	}

	#withdraw(key: ObjectKey, frontend: string, affected: Set<ObjectKey>): void {
		const rest = (this.#claimants.get(frontend) ?? []).filter((other) => other !== key);
		if (rest.length > 0) this.#claimants.set(frontend, rest);
		else this.#claimants.delete(frontend);
		for (const other of rest) affected.add(other);
	}

	#enter(key: ObjectKey, frontend: string, affected: Set<ObjectKey>): void {
		const others = this.#claimants.get(frontend);
		if (!others) {
			this.#claimants.set(frontend, [key]);
			return;
		}
		for (const other of others) affected.add(other);
		others.push(key);
		others.sort();
	}
}
