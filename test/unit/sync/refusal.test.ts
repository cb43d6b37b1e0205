import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Fault, FaultSource } from "../../../src/dataplane/faulty.ts";
import { HISTORIES } from "../../faults/lib/histories.ts";
import { Process } from "../../faults/lib/process.ts";
import { refuseEverywhere, refusing } from "../../faults/lib/refuse.ts";
import { gone, service, slice } from "../../lib/objects.ts";
import { present } from "./histories.ts";
import { freshDump, smallMaps } from "./lib.ts";

const CODES = ["ENOMEM", "E2BIG", "EBUSY", "EIO"];
const make = () => smallMaps({ tombstones: 4 });

describe("a write that the kernel refuses leaves others alone, is told, and comes right", () => {
	let turn = 0;
	let sum = 0;
	for (const history of HISTORIES) {
		test(history.name, async () => {
			const codes = [CODES[turn++ % CODES.length] ?? ""];
			const { wrong, runs, looks } = await refuseEverywhere(history, make, codes);
			assert.deepEqual(wrong.slice(0, 3), []);
			assert.ok(runs > 0 && looks > 10);
			sum += runs;
		});
	}
	test("all of them", (t) => {
		assert.ok(sum >= HISTORIES.length);
		t.diagnostic(`measured: ${sum} refused writes, 0 wrong`);
	});
});

const web = service("web", "10.96.0.1", ["http:80/TCP"]);
const pods = slice("web-a", ["http:8080/TCP"], ["10.0.0.1", "10.0.0.2"]);
const dns = service("dns", "10.96.0.2", ["dns:53/UDP"]);
const dnsPods = slice("dns-a", ["dns:53/UDP"], ["10.0.1.1"]);

/** Faults of one kind of operation as long as they are on. */
class Breakable {
	on = true;
	readonly source: FaultSource;

	constructor(matches: (op: string, map: string) => boolean, code = "EIO") {
		const fail: Fault = { kind: "fail", code };
		this.source = (op, map) => (this.on && matches(op, map) ? fail : { kind: "none" });
	}
}

test("maps that cannot be read back at the start stay as they are, and the next start reads them", async () => {
	for (const map of ["frontends", "names", "tombstones"]) {
		const maps = make();
		await new Process(maps).start([web, pods, dns, dnsPods]);
		const { source } = new Breakable((op, name) => /lookup/.test(op) && name === map);
		const blind = new Process(refusing(maps, source));
		await assert.rejects(blind.start([web, pods]), /EIO/);
		assert.equal(blind.stores, 0);
		const next = new Process(maps);
		await next.start([web, pods]);
		assert.equal(present(next.dump()), present(await freshDump([web, pods])));
	}
});

test("an entry of nobody that cannot be removed keeps no Service from being served", async () => {
	for (const map of ["frontends", "names"]) {
		const maps = make();
		await new Process(maps).start([web, pods, dns, dnsPods]);
		for (let id = 1; id < 4; id++) maps.names.delete(Uint8Array.of(id, 0, 0, 0));
		const breakable = new Breakable((op, name) => /delete/.test(op) && name === map, "EBUSY");
		const second = new Process(refusing(maps, breakable.source));
		await second.start([web, pods]).catch((error: Error) => assert.match(error.message, /EBUSY/));
		breakable.on = false;
		await second.retry();
		assert.equal(present(second.dump()), present(await freshDump([web, pods])));
	}
});

test("while a map refuses everything, changes of memory go on, and all is right when it ends", async () => {
	for (const map of ["frontends", "names", "tombstones"]) {
		const maps = make();
		const breakable = new Breakable(
			(op, name) => /update|delete/.test(op) && name === map,
			"ENOMEM",
		);
		breakable.on = false;
		const process = new Process(refusing(maps, breakable.source));
		await process.start([web, pods, dns, dnsPods]);
		breakable.on = true;
		const fewer = slice("web-a", ["http:8080/TCP"], ["10.0.0.2"]);
		const other = service("other", "10.96.0.3", ["http:80/TCP"]);
		await process.step([other, gone(dns), gone(dnsPods), fewer]);
		for (let round = 0; round < 3; round++) await process.retry();
		assert.match(process.dump(), /web:http\/TCP\/IPv4\n {4}cluster: 10\.0\.0\.2:8080\n/);
		if (map !== "tombstones") assert.ok(process.syncer.trouble().failures.has("default/other"));
		breakable.on = false;
		await process.retry();
		assert.equal(process.syncer.trouble().failures.size, 0);
		assert.equal(present(process.dump()), present(await freshDump([web, fewer, other])));
	}
});
