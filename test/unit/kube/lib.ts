import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ApiAccessOptions } from "../../../src/kube/api-access.ts";
import type { Clock, Timings } from "../../../src/kube/clock.ts";
import { systemClock } from "../../../src/kube/clock.ts";
import { ApiSource } from "../../../src/kube/source.ts";
import { silentLogger } from "../../../src/log.ts";
import type { Change } from "../../../src/model/objects.ts";
import { FakeApiServer, type FakeOptions } from "../../lib/fake-apiserver/server.ts";
import type { StoredObject } from "../../lib/fake-apiserver/store.ts";
import { until } from "../../lib/until.ts";

export const SERVICES = "/api/v1/services";
export const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
export const NODES = "/api/v1/nodes";
export const CIDRS = "/apis/networking.k8s.io/v1/servicecidrs";
export const NODE_NAME = "node-a";

/** Much faster than in life, but patient enough for a busy machine. */
export const FAST: Timings = {
	connectMs: 5000,
	responseMs: 5000,
	listSilenceMs: 2000,
	watchListSilenceMs: 2000,
	watchSilenceMs: 2000,
	livedMs: 100,
	minPauseMs: 5,
	maxPauseMs: 100,
};

/** For tests in which connections do go silent. */
export const IMPATIENT: Timings = {
	...FAST,
	listSilenceMs: 200,
	watchListSilenceMs: 200,
	watchSilenceMs: 200,
};

export async function startFake(t: TestContext, options: FakeOptions = {}): Promise<FakeApiServer> {
	const server = new FakeApiServer(options);
	await server.start();
	t.after(() => server.stop());
	return server;
}

/** A source that follows a server, and what it has delivered. */
export class Following {
	readonly source: ApiSource;
	readonly batches: (readonly Change[])[] = [];
	readonly state = new Map<string, Change>();
	synced = 0;

	constructor(
		t: TestContext,
		access: ApiAccessOptions,
		{ clock = systemClock, timings = FAST }: { clock?: Clock; timings?: Timings } = {},
	) {
		const log = silentLogger();
		this.source = new ApiSource({ access, nodeName: NODE_NAME, log, clock, timings });
		t.after(() => this.source.stop());
		this.source.start({
			onChanges: (changes) => {
				this.batches.push(changes);
				for (const change of changes) {
					this.state.set(`${change.kind} ${change.key}`, change);
				}
			},
			onSynced: () => {
				this.synced += 1;
			},
		});
	}

	untilSynced(): Promise<void> {
		return until("the source is synced", () => this.synced > 0);
	}

	clusterIP(name: string): string | undefined {
		const change = this.state.get(`service default/${name}`);
		return change?.kind === "service" ? change.object?.clusterIPs[0] : undefined;
	}

	untilClusterIP(name: string, address: string | undefined): Promise<void> {
		return until(`Service ${name} has address ${address}`, () => this.clusterIP(name) === address);
	}

	/** All objects that exist, as text to compare. */
	objects(): string[] {
		return [...this.state.values()]
			.filter(({ object }) => object !== undefined)
			.map(({ kind, object }) => `${kind} ${JSON.stringify(object)}`)
			.sort();
	}

	error(kind = "Services"): string {
		return this.source.status().find((line) => line.kind === kind)?.error ?? "";
	}
}

export function service(name: string, clusterIP: string, extra: object = {}): StoredObject {
	return {
		metadata: { name, namespace: "default", ...extra },
		spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80, protocol: "TCP" }] },
	};
}

export function slice(name: string, address: string, labels: object = {}): StoredObject {
	const service = { "kubernetes.io/service-name": name.replace(/-\d+$/, "") };
	return {
		metadata: { name, namespace: "default", labels: { ...service, ...labels } },
		addressType: "IPv4",
		ports: [{ name: "", port: 8080, protocol: "TCP" }],
		endpoints: [{ addresses: [address], conditions: { ready: true }, nodeName: NODE_NAME }],
	};
}

export function temporaryFile(t: TestContext, name: string, text: string): string {
	const dir = mkdtempSync(join(tmpdir(), "sluice-kube-"));
	t.after(() => rmSync(dir, { recursive: true, force: true }));
	const path = join(dir, name);
	writeFileSync(path, text);
	return path;
}

/** A clock on which every pause is over at once, or when the test says so. */
export class RecordingClock {
	readonly pauses: number[] = [];

	random(): number {
		return 0.5;
	}

	async sleep(ms: number): Promise<void> {
		this.pauses.push(ms);
		await new Promise((resolve) => setImmediate(resolve));
	}
}
