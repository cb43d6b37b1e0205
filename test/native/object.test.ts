import assert from "node:assert/strict";
import { test } from "node:test";
import { isNotFound } from "../../src/errors.ts";
import { lacking } from "../lib/features.ts";
import { addon, compileSample } from "./programs.ts";

const sample = compileSample();
const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
const packet = new Uint8Array(64);

/** Size of struct __sk_buff; Linux 5.10, which takes zeros behind its own, gives back less. */
const SKB_SIZE = 192;
const SKB_SIZE_5_10 = 184;

/** The sample, opened, without the program that the verifier refuses. */
function openSample() {
	const object = addon.BpfObject.open(sample);
	object.setAutoload("refused", false);
	return object;
}

test("an object tells its maps and programs before it is loaded", () => {
	const object = addon.BpfObject.open(sample);
	assert.deepEqual(
		object.maps.toSorted(byName).map(({ name, keySize, valueSize, maxEntries, id }) => ({
			name,
			keySize,
			valueSize,
			maxEntries,
			id,
		})),
		[
			{ name: "ring", keySize: 0, valueSize: 0, maxEntries: 4096, id: 0 },
			{ name: "table", keySize: 4, valueSize: 8, maxEntries: 8, id: 0 },
		],
	);
	assert.deepEqual(
		object.programs.map(({ name, section }) => [name, section]),
		["variables", "submit", "submit_large", "count", "refused"].map((name) => [name, "tc"]),
	);
});

test("an object's BTF is BTF", () => {
	const { btf } = addon.BpfObject.open(sample);
	assert.equal(new DataView(btf.buffer).getUint16(0, true), 0xeb9f);
});

test("variables of every size are set by name", () => {
	const object = openSample();
	object.setVariable("wide", 70_000);
	object.setVariable("narrow", 250);
	object.setVariable("yes", true);
	object.setVariable("initial", 1000n);
	object.load();
	assert.equal(object.program("variables").testRun({ data: packet }).retval, 71_350);
});

test("variables that are not set keep their initial values", () => {
	const object = openSample();
	object.load();
	assert.equal(object.program("variables").testRun({ data: packet }).retval, 8);
});

test("unknown variables, maps and programs are not found", () => {
	const object = openSample();
	assert.throws(() => object.setVariable("nothing", 1), isNotFound);
	assert.throws(() => object.setMaxEntries("nothing", 1), isNotFound);
	assert.throws(() => object.setAutoload("nothing", true), isNotFound);
	object.load();
	assert.throws(() => object.map("nothing"), isNotFound);
	assert.throws(() => object.program("nothing"), isNotFound);
});

test("a map gets the size it was given", () => {
	const object = openSample();
	object.setMaxEntries("table", 99);
	object.load();
	assert.equal(object.map("table").info.maxEntries, 99);
	assert.equal(object.map("table").info.name, "table");
});

test("a reused map is the one that the programs use", () => {
	const first = openSample();
	first.load();
	const table = first.map("table");
	const second = openSample();
	second.reuseMap("table", table);
	second.load();
	assert.equal(second.map("table").info.id, table.info.id);
	second.program("count").testRun({ data: packet });
	assert.equal(table.lookup(new Uint8Array([7, 0, 0, 0]))?.[0], 1);
});

test("a map of another shape is not reused", () => {
	const other = addon.BpfMap.create({
		name: "other",
		type: 1,
		keySize: 4,
		valueSize: 16,
		maxEntries: 8,
	});
	assert.throws(() => openSample().reuseMap("table", other), { code: "EINVAL", object: "table" });
});

test("a refused program's error holds the verifier's reason", () => {
	const object = addon.BpfObject.open(sample);
	assert.throws(() => object.load(), {
		name: "BpfError",
		code: "EACCES",
		op: "object load",
		message: /R\d invalid mem access 'map_value_or_null'/,
	});
});

test("the verifier's log can be had of programs that load", () => {
	const object = openSample();
	object.load({ logLevel: 1 });
	assert.match(object.log("count"), /processed \d+ insns/);
	assert.equal(object.log("refused"), "");
});

test("handles cannot be had before the load, and outlive the object", () => {
	const object = openSample();
	assert.throws(() => object.map("table"), { code: "EINVAL" });
	assert.throws(() => object.program("count"), { code: "EINVAL" });
	object.load();
	const [map, program] = [object.map("table"), object.program("count")];
	object.close();
	program.testRun({ data: packet });
	assert.ok(map.lookup(new Uint8Array([7, 0, 0, 0])));
	assert.throws(() => object.map("table"), { code: "EBADF" });
});

test("a test run gives back packet, context and return value", () => {
	const object = openSample();
	object.load();
	const context = new Uint8Array(SKB_SIZE);
	context[8] = 40; // struct __sk_buff: mark
	const program = object.program("count");
	const result = program.testRun({ data: packet, context, repeat: 3 });
	assert.equal(result.retval, 0);
	assert.equal(result.data.length, 64);
	assert.deepEqual([...result.data.subarray(0, 4)], [7, 0, 0, 0]);
	assert.ok([SKB_SIZE, SKB_SIZE_5_10].includes(result.context.length));
	assert.ok((result.context[8] ?? 0) > 40);
	assert.ok(result.durationNs > 0);
	assert.deepEqual([...packet], new Array(64).fill(0));
});

test("a packet that does not fit the room given for it is ENOSPC", () => {
	const object = openSample();
	object.load();
	assert.throws(() => object.program("count").testRun({ data: packet, dataOutSize: 10 }), {
		code: "ENOSPC",
		object: "count",
	});
});

test("a program tells what it is", () => {
	const object = openSample();
	object.load();
	const { info } = object.program("count");
	assert.equal(info.name, "count");
	assert.equal(info.type, 3);
	assert.match(info.tag, /^[0-9a-f]{16}$/);
	assert.ok(info.mapIds.includes(object.map("table").info.id));
	assert.equal(addon.BpfProgram.fromId(info.id).info.tag, info.tag);
});

test("a program tells what verifying it cost", { skip: lacking("verifiedInstructions") }, () => {
	const object = openSample();
	object.load();
	assert.ok(object.program("count").info.verifiedInstructions > 0);
});

test("what is not an object file is refused with its path", () => {
	assert.throws(() => addon.BpfObject.open("/dev/null"), { object: "/dev/null" });
	assert.throws(() => addon.BpfObject.open("/nonexistent.o"), isNotFound);
});

test("instructions that the verifier refuses are an error with its log", () => {
	const instructions = new Uint8Array([0x95, 0, 0, 0, 0, 0, 0, 0]);
	assert.throws(() => addon.BpfProgram.load({ name: "bad", type: 3, instructions }), {
		code: "EACCES",
		message: /R0 !read_ok/,
	});
});

test("wrong arguments are TypeErrors", () => {
	const object = openSample();
	const wrong: unknown = "table";
	assert.throws(() => object.reuseMap("table", wrong as never), { name: "TypeError" });
	assert.throws(() => object.setMaxEntries("table", -1), { name: "TypeError" });
	assert.throws(() => object.setVariable("wide", wrong as never), { name: "TypeError" });
	assert.throws(() => addon.BpfObject.open(7 as never), { name: "TypeError" });
	assert.throws(() => Reflect.construct(addon.BpfObject, []), { name: "TypeError" });
	assert.throws(() => Reflect.construct(addon.BpfMap, []), { name: "TypeError" });
});
