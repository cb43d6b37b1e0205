import { type Claim, type Frontend, frontendKey, nodePortKey } from "./frontends.ts";
import type { ObjectKey } from "./objects.ts";

/** "RANKnamespace/name": sorts as claims are served. */
type Claimant = string;

/**
 * Who wants which frontend. Two Services may name the same address, port and protocol; the one by
 * whose type of frontend it is matched first has it, then the one whose key sorts first: on every
 * node and after every restart alike. Node ports are claimed for all addresses at once, and have
 * those that nobody claims for itself.
 */
export class Claims {
	/** Claimed key -> claimants, sorted. */
	readonly #claimants = new Map<string, Claimant[]>();
	readonly #claims = new Map<ObjectKey, readonly Claim[]>();

	/** Replaces what `key` claims. Returns the other claimants of every frontend that changed. */
	replace(key: ObjectKey, claims: readonly Claim[]): Set<ObjectKey> {
		const affected = new Set<ObjectKey>();
		for (const claim of this.#claims.get(key) ?? []) this.#withdraw(key, claim, affected);
		for (const claim of claims) this.#enter(key, claim, affected);
		if (claims.length > 0) this.#claims.set(key, claims);
		else this.#claims.delete(key);
		affected.delete(key);
		return affected;
	}

	/**
	 * The Service that has the frontend.
	 *
	 * @param isNodeAddress whether node ports are served at its address
	 */
	owner(frontend: Frontend, isNodeAddress: boolean): ObjectKey | undefined {
		const exact = this.#claimants.get(frontendKey(frontend))?.[0];
		if (exact !== undefined) return exact.slice(1);
		if (!isNodeAddress) return undefined;
		return this.#claimants.get(nodePortKey(frontend.port, frontend.protocol))?.[0]?.slice(1);
	}

	#withdraw(key: ObjectKey, claim: Claim, affected: Set<ObjectKey>): void {
		const own = claimant(key, claim);
		const rest = (this.#claimants.get(claim.key) ?? []).filter((other) => other !== own);
		if (rest.length > 0) this.#claimants.set(claim.key, rest);
		else this.#claimants.delete(claim.key);
		this.#affect(claim.key, rest, affected);
	}

	#enter(key: ObjectKey, claim: Claim, affected: Set<ObjectKey>): void {
		const others = this.#claimants.get(claim.key);
		this.#affect(claim.key, others ?? [], affected);
		if (others) {
			others.push(claimant(key, claim));
			others.sort();
		} else {
			this.#claimants.set(claim.key, [claimant(key, claim)]);
		}
	}

	/** A service IP that comes or goes also takes or leaves the node port of its number. */
	#affect(claimed: string, others: readonly Claimant[], affected: Set<ObjectKey>): void {
		for (const other of others) affected.add(other.slice(1));
		if (claimed.startsWith("*")) return;
		const nodePort = `*${claimed.slice(claimed.indexOf("|"))}`;
		for (const other of this.#claimants.get(nodePort) ?? []) affected.add(other.slice(1));
	}
}

/** Made by join(), as in frontendKey(). */
function claimant(key: ObjectKey, { rank }: Claim): Claimant {
	return [rank, key].join("");
}
