import { fakeServiceMaps } from "../../../src/dataplane/fake-maps.ts";
import { Died } from "../../../src/dataplane/faulty.ts";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Change } from "../../../src/model/objects.ts";
import type { Write } from "../../../src/plan/order.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts, WriteTarget } from "../../../src/sync/maps.ts";
import type { Timing } from "../../../src/sync/slicer.ts";
import { Syncer } from "../../../src/sync/syncer.ts";

export const NODE = "node-a";

/** Maps that are small enough to be looked through quickly. */
export function smallMaps(sizes: Parameters<typeof fakeServiceMaps>[0] = {}) {
	const small = { services: 64, slots: 256, backends: 128, filter: 1024, frontends: 256 };
	return fakeServiceMaps({ ...small, names: 64, tombstones: 16, ranges: 64, ...sizes });
}

/** A clock that stands still until it is told otherwise. */
export class TestTiming implements Timing {
	ms = 1_000_000;

	now(): number {
		return this.ms;
	}

	pause(): Promise<void> {
		return Promise.resolve();
	}
}

/** An agent's pure part over some maps: cluster and syncer, adopted and ready. */
export class Agent {
	readonly cluster = new Cluster(NODE);
	readonly timing = new TestTiming();
	readonly maps: SyncPorts;
	readonly syncer: Syncer;
	/** Every write that was made. */
	readonly writes: Write[] = [];
	/** Called around each write. */
	before: (write: Write) => void = () => undefined;
	after: (write: Write) => void = () => undefined;

	constructor(maps: SyncPorts, changes: readonly Change[] = []) {
		this.maps = maps;
		this.cluster.apply(changes);
		const intercept = (target: WriteTarget): WriteTarget => ({
			apply: (write) => {
				this.before(write);
				target.apply(write);
				this.writes.push(write);
				this.after(write);
			},
		});
		this.syncer = new Syncer(this.cluster, maps, { timing: this.timing, intercept });
	}

	/** An agent that has adopted the maps and written its objects into them. */
	static async start(maps: SyncPorts, changes: readonly Change[] = []): Promise<Agent> {
		const agent = new Agent(maps, changes);
		await agent.syncer.adopt();
		await agent.sync();
		return agent;
	}

	/** Applies changes and writes them; returns how many writes that took. */
	async sync(changes: readonly Change[] = []): Promise<number> {
		this.cluster.apply(changes);
		const { writes } = await this.syncer.syncOnce();
		return writes;
	}

	/** Two seconds later, a pass over flow tables that are empty unless `fill` says otherwise. */
	async flowPass(
		fill: (pass: ReturnType<Syncer["beginFlowPass"]>) => void = () => undefined,
	): Promise<void> {
		this.timing.ms += 2000;
		const pass = this.syncer.beginFlowPass();
		fill(pass);
		await this.syncer.endFlowPass(pass);
	}

	dump(): string {
		return dumpMaps(this.maps);
	}
}

/** Has the agent die before or after the nth write (from 1) of what it does next. */
export function dieAt(agent: Agent, n: number, when: "before" | "after"): void {
	let count = 0;
	agent.before = (write) => {
		count++;
		if (count === n && when === "before") throw new Died("write", write.kind);
	};
	agent.after = (write) => {
		if (count >= n) throw new Died("write", write.kind);
	};
}

/** What a freshly started agent makes of these objects. */
export async function freshDump(changes: readonly Change[]): Promise<string> {
	const agent = await Agent.start(smallMaps(), changes);
	return agent.dump();
}
