/**
 * Whether this proxy does its job, in kube-proxy's words, but honest: it is unhealthy until the
 * first full sync, while programs are not attached, and while maps cannot be written.
 */
import type { Family } from "../model/objects.ts";

/** Something that has to be well; `reason` says what is wrong. */
export interface HealthProblem {
	readonly part: string;
	readonly reason: string;
}

/** What the health state is told, and what it answers. Times in ms since 1970. */
export class HealthState {
	readonly #families: readonly Family[];
	readonly #timeoutMs: number;
	readonly #now: () => number;
	readonly #problems = new Map<string, string>();
	#lastSync = 0;
	#oldestChange = 0;
	#draining = false;

	/** `timeoutMs`: how long a change may wait for being applied. */
	constructor(families: readonly Family[], timeoutMs: number, now: () => number = Date.now) {
		this.#families = families;
		this.#timeoutMs = timeoutMs;
		this.#now = now;
	}

	/** A change waits. */
	noteChange(): void {
		if (this.#oldestChange === 0) this.#oldestChange = this.#now();
	}

	/** Everything that waited when it began has been applied. */
	noteSync(): void {
		this.#lastSync = this.#now();
		this.#oldestChange = 0;
	}

	/** `reason` "": the part is well again. */
	setProblem(part: string, reason: string): void {
		if (reason === "") this.#problems.delete(part);
		else this.#problems.set(part, reason);
	}

	/** The Node object is gone, or says that load balancers should send nothing here any more. */
	setDraining(draining: boolean): void {
		this.#draining = draining;
	}

	get problems(): readonly HealthProblem[] {
		const problems = [...this.#problems].map(([part, reason]) => ({ part, reason }));
		if (this.#lastSync === 0) problems.push({ part: "sync", reason: "no full sync yet" });
		else if (this.#isStale()) problems.push({ part: "sync", reason: "changes wait for too long" });
		return problems;
	}

	get lastSyncMs(): number {
		return this.#lastSync;
	}

	get healthy(): boolean {
		return this.problems.length === 0;
	}

	get nodeEligible(): boolean {
		return !this.#draining;
	}

	/** kube-proxy's answer; `withNode` for /healthz, without for /livez. */
	answer(withNode: boolean): { readonly ok: boolean; readonly body: string } {
		const now = this.#now();
		const healthy = this.healthy;
		const ok = healthy && (!withNode || this.nodeEligible);
		const updated = new Date(this.#lastSync === 0 ? 0 : this.#lastSync).toISOString();
		const family = { lastUpdated: updated, healthy };
		const body = {
			// For compatibility with probes of old: "now" while all is well.
			lastUpdated: ok ? new Date(now).toISOString() : updated,
			currentTime: new Date(now).toISOString(),
			...(withNode ? { nodeEligible: this.nodeEligible } : {}),
			healthy,
			status: Object.fromEntries(this.#families.map((name) => [name, family])),
			...(healthy ? {} : { problems: this.problems }),
		};
		return { ok, body: JSON.stringify(body) };
	}

	#isStale(): boolean {
		return this.#oldestChange !== 0 && this.#now() - this.#oldestChange > this.#timeoutMs;
	}
}
