import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { type BpfLink, loadAddon } from "../../src/dataplane/addon.ts";
import { fakeServiceMaps } from "../../src/dataplane/fake-maps.ts";
import { randomNumbers } from "../../src/dataplane/faulty.ts";
import { Cluster } from "../../src/model/cluster.ts";
import type { Change } from "../../src/model/objects.ts";
import { Syncer } from "../../src/sync/syncer.ts";
import { buildTopology } from "../bpf/lib/topology.ts";
import { World } from "../bpf/lib/world.ts";
import { cgroupRoot, makeCgroup, removeCgroup } from "../lib/net/cgroup.ts";
import { service, slice } from "../lib/objects.ts";
import { mapEach } from "./lib/maps.ts";

const LOOKS = process.env.SLUICE_TEST_LONG === "1" ? 10_000_000 : 1_000_000;
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);
/** Room for what rests before it is written again, at this pace. */
const SIZES = {
	...{ services: 64, service_stats: 64, slots: 1 << 18 },
	...{ backends: 1 << 15, backend_stats: 1 << 15 },
};
const TRAFFIC = "build/traffic/traffic";
const VIP = "10.96.0.1";
/** Endpoints of the Service that is looked up: address and port belong together. */
const NETS = [
	{ net: "10.0.1", port: 8001 },
	{ net: "10.0.2", port: 8002 },
] as const;
const HOSTS = 8;
/** Services that give ids and slots back and take others all the time. */
const OTHERS = 20;
/** Changes between two passes over the flow tables, which free ids. */
const PASS_EVERY = 20;

interface Looked {
	readonly looks: number;
	readonly peers: Readonly<Record<string, number>>;
	readonly errors: Readonly<Record<string, number>>;
}

describe("sockets that connect while sets are written all the time", () => {
	const random = randomNumbers(SEED);
	const cgroup = join(cgroupRoot(), `sluice-${randomBytes(2).toString("hex")}`);
	let world: World;
	let syncer: Syncer;
	let link: BpfLink | undefined;
	const cluster = new Cluster("node-a");

	before(async () => {
		buildTopology();
		world = new World({ sizes: SIZES });
		makeCgroup(cgroup);
		const [program, attachType] = [world.program("sock_connect4"), "cgroup/connect4"];
		link = loadAddon().BpfLink.attachCgroup(program, { cgroup, attachType });
		const names = ["web", ...Array.from({ length: OTHERS }, (_, i) => `other-${i}`)];
		cluster.apply(names.map((name, i) => service(name, `10.96.0.${i + 1}`, ["ask:80/UDP"])));
		cluster.apply(NETS.map((_, i) => webSlice(i, [1])));
		const maps = fakeServiceMaps({ services: 1, slots: 1, backends: 1, filter: 1 });
		syncer = new Syncer(
			cluster,
			mapEach(maps, (_, name) => world.map(name)),
		);
		await syncer.adopt();
		await syncer.syncOnce();
	});
	after(() => {
		link?.close();
		removeCgroup(cgroup);
	});

	const some = (most: number): number[] =>
		Array.from({ length: most }, (_, i) => i + 1).filter(() => random() < 0.5);

	const webSlice = (i: number, hosts: readonly number[]): Change => {
		const { net = "", port = 0 } = NETS[i] ?? {};
		return slice(
			`web-${i}`,
			[`ask:${port}/UDP`],
			hosts.map((host) => `${net}.${host}`),
		);
	};

	/** One of the two halves of the Service keeps an endpoint, so that it is never without. */
	const nextChanges = (): Change[] => {
		const kept = random() < 0.5 ? 0 : 1;
		const halves = NETS.map((_, i) => {
			const hosts = some(HOSTS);
			return webSlice(i, i === kept && hosts.length === 0 ? [1] : hosts);
		});
		const other = Math.floor(random() * OTHERS);
		const hosts = some(30).map((host) => `10.9.${other}.${host}`);
		return [...halves, slice(`other-${other}-0`, [`ask:${9000 + other}/UDP`], hosts)];
	};

	test("get an endpoint of their Service each time", async (t) => {
		t.diagnostic(`SLUICE_TEST_SEED=${SEED}`);
		const script = `echo $$ > "${cgroup}/cgroup.procs" && exec "$@"`;
		const look = [TRAFFIC, "look", "--to", `${VIP}:80`, "--count", String(LOOKS)];
		let ended = false;
		const looking = promisify(execFile)("sh", ["-c", script, "sh", ...look]).finally(() => {
			ended = true;
		});
		let [changes, writes] = [0, 0];
		while (!ended) {
			cluster.apply(nextChanges());
			writes += (await syncer.syncOnce()).writes;
			assert.deepEqual(syncer.trouble().failures, new Map());
			if (++changes % PASS_EVERY === 0) await syncer.endFlowPass(syncer.beginFlowPass());
			await new Promise(setImmediate);
		}
		const { looks, peers, errors }: Looked = JSON.parse((await looking).stdout);
		const known = NETS.flatMap(({ net, port }) =>
			Array.from({ length: HOSTS }, (_, i) => `${net}.${i + 1}:${port}`),
		);
		const right = known.reduce((sum, name) => sum + (peers[name] ?? 0), 0);
		t.diagnostic(`measured: ${looks} lookups during ${changes} changes, ${looks - right} wrong`);
		assert.deepEqual(errors, {});
		assert.deepEqual(
			Object.keys(peers).filter((name) => !known.includes(name)),
			[],
		);
		assert.equal(right, LOOKS);
		assert.ok(writes > changes && changes > 10, `${writes} writes in ${changes} changes`);
	});
});
