import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Died, type FaultSource, faulty, randomFaults } from "../../../src/dataplane/faulty.ts";
import type { Change } from "../../../src/model/objects.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import { gone, service, slice } from "../../lib/objects.ts";
import { anyChange, present, settled } from "./histories.ts";
import { Agent, dieAt, freshDump, smallMaps } from "./lib.ts";

const web = service("web", ["10.96.0.1", "fd00::1"], ["http:80/TCP", "admin:81/TCP"]);
const webV4 = slice("web-a", ["http:8080/TCP", "admin:9090/TCP"], ["10.0.0.1", "10.0.0.2"]);
const webV6 = slice("web-b", ["http:8080/TCP", "admin:9090/TCP"], ["fd01::1"]);
const dns = service("dns", "10.96.0.2", ["dns:53/UDP"]);
const dnsV4 = slice("dns-a", ["dns:53/UDP"], ["10.0.1.1", "10.0.1.2"]);
const old = service("old", "10.96.0.3", ["http:80/TCP"]);
const oldV4 = slice("old-a", ["http:80/TCP"], ["10.0.2.1"]);
const BEFORE: readonly Change[] = [web, webV4, webV6, dns, dnsV4, old, oldV4];

/** New, changed and removed Services, endpoints and addresses in one go. */
const CHANGE: readonly Change[] = [
	slice("web-a", ["http:8080/TCP", "admin:9091/TCP"], ["10.0.0.2", "10.0.0.3"]),
	gone(webV6),
	gone(old),
	gone(oldV4),
	service("new", "10.96.0.3", ["http:80/TCP"]),
	slice("new-a", ["http:80/TCP"], ["10.0.3.1", "10.0.3.2"]),
	slice("dns-a", ["dns:53/UDP"], ["10.0.1.2", "10.0.1.3"]),
];

test("a restart writes nothing when nothing changed", async () => {
	const { maps, ...first } = await Agent.start(smallMaps(), BEFORE);
	assert.ok(first.writes.length > 0);
	const second = await Agent.start(maps, BEFORE);
	assert.deepEqual(second.writes, []);
});

test("a restart in which the objects come in another order writes nothing", async () => {
	const { maps } = await Agent.start(smallMaps(), BEFORE);
	const reversed = [...BEFORE].reverse();
	assert.deepEqual((await Agent.start(maps, reversed)).writes, []);
});

test("a restart writes what changed while the agent was away, and nothing else", async () => {
	const { maps } = await Agent.start(smallMaps(), BEFORE);
	const one = slice("old-a", ["http:80/TCP"], ["10.0.2.1", "10.0.2.2"]);
	const second = await Agent.start(maps, settled(BEFORE, [one]));
	const kinds = second.writes.map(({ kind }) => kind);
	assert.deepEqual(kinds, ["backend", "backend-up", "filter-set", "slots", "set"]);
});

test("nothing is written or removed before the first run", async () => {
	const { maps } = await Agent.start(smallMaps(), BEFORE);
	const second = new Agent(maps, [web]);
	await second.syncer.adopt();
	assert.deepEqual(second.writes, []);
});

test("what cannot be read at a restart stays as it is until it can, the rest is brought up to date", async () => {
	const { maps } = await Agent.start(smallMaps(), BEFORE);
	const changed = slice("web-a", ["http:8080/TCP", "admin:9090/TCP"], ["10.0.0.2"]);
	const second = new Agent(maps, [web, changed, webV6, dns]);
	await second.syncer.adopt();
	await second.syncer.syncOnce(false);
	const withoutWeb = BEFORE.filter((change) => change !== webV4);
	assert.equal(dumpMaps(maps), await freshDump([...withoutWeb, changed]));
	second.cluster.apply([gone(web), gone(changed), gone(webV6), dnsV4]);
	await second.syncer.syncOnce(true);
	assert.equal(dumpMaps(maps), await freshDump([dns, dnsV4]));
});

test("ids survive a restart", async () => {
	const first = await Agent.start(smallMaps(), BEFORE);
	const backends = first.maps.backends.memory().slice(0);
	await Agent.start(first.maps, BEFORE);
	assert.deepEqual(new Uint8Array(first.maps.backends.memory()), new Uint8Array(backends));
});

test("an agent that dies at any write leaves maps that the next one makes right", async () => {
	const whole = await Agent.start(smallMaps(), BEFORE);
	const count = await whole.sync(CHANGE);
	const expected = whole.dump();
	assert.ok(count > 20);
	for (let n = 1; n <= count; n++) {
		for (const when of ["before", "after"] as const) {
			const first = await Agent.start(smallMaps(), BEFORE);
			dieAt(first, n, when);
			await first.sync(CHANGE).catch((error) => assert.ok(error instanceof Died));
			const second = await Agent.start(first.maps, settled(BEFORE, CHANGE));
			assert.equal(second.dump(), expected, `died ${when} write ${n}`);
			const third = await Agent.start(first.maps, settled(BEFORE, CHANGE));
			assert.deepEqual(third.writes, [], `died ${when} write ${n}`);
		}
	}
});

test("an agent that dies at any write of its first run is followed by one that starts alike", async () => {
	const whole = await Agent.start(smallMaps(), BEFORE);
	const expected = whole.dump();
	for (let n = 1; n <= whole.writes.length; n++) {
		const first = new Agent(smallMaps(), BEFORE);
		await first.syncer.adopt();
		dieAt(first, n, "before");
		await first.sync().catch((error) => assert.ok(error instanceof Died));
		const second = await Agent.start(first.maps, BEFORE);
		assert.equal(second.dump(), expected, `died before write ${n}`);
	}
});

test("an agent that dies while ids are released leaves maps that the next one makes right", async () => {
	const prepare = async () => {
		const agent = await Agent.start(smallMaps(), BEFORE);
		await agent.sync(CHANGE);
		return agent;
	};
	const whole = await prepare();
	const before = whole.writes.length;
	await whole.flowPass();
	await whole.flowPass();
	const count = whole.writes.length - before;
	assert.ok(count > 5);
	for (let n = 1; n <= count; n++) {
		const first = await prepare();
		dieAt(first, n, "after");
		await assert.rejects(async () => {
			await first.flowPass();
			await first.flowPass();
		}, Died);
		const second = await Agent.start(first.maps, settled(BEFORE, CHANGE));
		assert.equal(second.dump(), whole.dump(), `died after release ${n}`);
	}
});

test("what belongs to no name is removed by the first run", async () => {
	const { maps } = await Agent.start(smallMaps(), BEFORE);
	for (let id = 1; id < 20; id++) maps.names.delete(Uint8Array.of(id, 0, 0, 0));
	const second = await Agent.start(maps, BEFORE);
	assert.equal(second.dump(), await freshDump(BEFORE));
	assert.deepEqual((await Agent.start(maps, BEFORE)).writes, []);
});

test("a filter that is younger than the other maps is filled before the first run", async () => {
	const first = await Agent.start(smallMaps(), BEFORE);
	const maps = { ...first.maps, filter: smallMaps().filter };
	assert.match(dumpMaps(maps), /missing/);
	const second = new Agent(maps, BEFORE);
	await second.syncer.adopt();
	assert.equal(second.dump(), first.dump());
	assert.equal(await second.sync(), 0);
});

test("an upgrade that begins with one map empty ends like a fresh start", async () => {
	const names = ["services", "slots", "backends", "frontends", "names", "filter"] as const;
	for (const name of names) {
		const first = await Agent.start(smallMaps(), BEFORE);
		const maps = { ...first.maps, [name]: smallMaps()[name] };
		const second = await Agent.start(maps, BEFORE);
		assert.equal(second.dump(), await freshDump(BEFORE), `${name} was empty`);
		assert.deepEqual((await Agent.start(maps, BEFORE)).writes, [], `${name} was empty`);
	}
});

test("however the objects got there, the maps are those of a fresh start, and a restart agrees", async () => {
	const batches = fc.array(fc.array(anyChange, { maxLength: 4 }), { minLength: 1, maxLength: 8 });
	await fc.assert(
		fc.asyncProperty(batches, fc.boolean(), async (steps, withPasses) => {
			const agent = await Agent.start(smallMaps());
			for (const step of steps) {
				await agent.sync(step);
				if (withPasses) await agent.flowPass();
			}
			assert.equal(await agent.sync(), 0);
			agent.syncer.markAllDirty();
			assert.equal(await agent.sync(), 0, "a second look writes nothing");
			const objects = settled(...steps);
			assert.equal(present(agent.dump()), present(await freshDump(objects)));
			const restarted = await Agent.start(agent.maps, objects);
			assert.deepEqual(restarted.writes, []);
		}),
		{ numRuns: 150 },
	);
});

test("whatever the kernel refuses now and then, the maps are right once it no longer does", async () => {
	const batches = fc.array(fc.array(anyChange, { maxLength: 4 }), { minLength: 1, maxLength: 8 });
	const codes = fc.constantFrom("ENOMEM", "E2BIG", "EBUSY");
	await fc.assert(
		fc.asyncProperty(batches, fc.nat(), codes, async (steps, seed, code) => {
			const maps = smallMaps();
			let broken = true;
			const faults = randomFaults(seed, 0.3, { kind: "fail", code });
			const source: FaultSource = (op, map) => (broken ? faults(op, map) : { kind: "none" });
			const { frontends, names, tombstones } = maps;
			const agent = await Agent.start({
				...maps,
				frontends: faulty(frontends, source),
				names: faulty(names, source),
				tombstones: faulty(tombstones, source),
			});
			for (const step of steps) {
				await agent.sync(step);
				await agent.flowPass();
			}
			broken = false;
			agent.timing.ms += 5000;
			await agent.sync();
			assert.equal(agent.syncer.status().failures.size, 0);
			assert.equal(present(agent.dump()), present(await freshDump(settled(...steps))));
			assert.deepEqual((await Agent.start(maps, settled(...steps))).writes, []);
		}),
		{ numRuns: 100 },
	);
});
