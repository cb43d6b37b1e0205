/**
 * Whether this proxy does its job, in kube-proxy's words, but honest: it is unhealthy until the
 * first full sync, while programs are not attached, and while maps cannot be written. A problem of
 * some Services only, such as a full map, is no reason to take the node out of load balancers at
 * once, and none at all to restart the proxy.
 */
import type { Family, ObjectKey } from "../model/objects.ts";

/** Something that has to be well; `reason` says what is wrong. */
export interface HealthProblem {
	readonly part: string;
	readonly reason: string;
}

interface Problem {
	readonly reason: string;
	/** Those that it is about; undefined: it is about the whole. */
	readonly services: ReadonlySet<ObjectKey> | undefined;
	readonly since: number;
}

/** What the health state is told, and what it answers. Times in ms since 1970. */
export class HealthState {
	readonly #families: readonly Family[];
	readonly #timeoutMs: number;
	readonly #now: () => number;
	readonly #problems = new Map<string, Problem>();
	#lastSync = 0;
	#oldestChange = 0;
	#draining = false;

	/** `timeoutMs`: how long a change may wait for being applied, and some Services may have a problem. */
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

	/**
	 * `reason` "": the part is well again. `services`: the problem is theirs, and others are served as
	 * they should be; without it, it is a problem of the whole.
	 */
	setProblem(part: string, reason: string, services?: ReadonlySet<ObjectKey>): void {
		const since = this.#problems.get(part)?.since ?? this.#now();
		if (reason === "") this.#problems.delete(part);
		else this.#problems.set(part, { reason, services, since });
	}

	/** The Node object is gone, or says that load balancers should send nothing here any more. */
	setDraining(draining: boolean): void {
		this.#draining = draining;
	}

	get problems(): readonly HealthProblem[] {
		const problems = [...this.#problems].map(([part, { reason }]) => ({ part, reason }));
		const sync = this.#syncProblem();
		return sync === "" ? problems : [...problems, { part: "sync", reason: sync }];
	}

	get lastSyncMs(): number {
		return this.#lastSync;
	}

	/** Nothing is wrong. */
	get healthy(): boolean {
		return this.problems.length === 0;
	}

	/** No problem of the whole, and none of that Service. */
	serves(key: ObjectKey): boolean {
		return this.#isSound() && !this.#any(({ services }) => services?.has(key) === true);
	}

	get nodeEligible(): boolean {
		return !this.#draining;
	}

	/**
	 * kube-proxy's answer; `withNode` for /healthz, without for /livez. Both name every problem. One of
	 * some Services fails /healthz when it lasts, and never /livez: a restart would change nothing.
	 */
	answer(withNode: boolean): { readonly ok: boolean; readonly body: string } {
		const now = this.#now();
		const healthy = this.#isSound() && !(withNode && this.#any((one) => this.#isLasting(one)));
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
			...(this.healthy ? {} : { problems: this.problems }),
		};
		return { ok, body: JSON.stringify(body) };
	}

	#isSound(): boolean {
		return this.#syncProblem() === "" && !this.#any(({ services }) => services === undefined);
	}

	#isLasting({ since }: Problem): boolean {
		return this.#now() - since > this.#timeoutMs;
	}

	#any(condition: (problem: Problem) => boolean): boolean {
		return [...this.#problems.values()].some(condition);
	}

	#syncProblem(): string {
		if (this.#lastSync === 0) return "no full sync yet";
		const isStale = this.#oldestChange !== 0 && this.#now() - this.#oldestChange > this.#timeoutMs;
		return isStale ? "changes wait for too long" : "";
	}
}
