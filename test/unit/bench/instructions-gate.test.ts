import assert from "node:assert/strict";
import { test } from "node:test";
import { type CountTable, compare, type Medians } from "../../../bench/instructions/gate.ts";

const PATHS = [{ name: "socket", base: "direct" }];

function medians(count: number): Medians {
	return { crr: count, rr: count, udp: count, "udp-message": count };
}

function table(direct: number, socket: number): CountTable {
	return { "10": { direct: medians(direct), socket: medians(socket) } };
}

function failures(before: CountTable, now: CountTable): string[] {
	return compare(before, now, PATHS)
		.filter(({ ok }) => !ok)
		.map(({ operation, by }) => `${operation} by ${by}`);
}

test("a path that grew beyond the noise fails, in each operation that did", () => {
	assert.deepEqual(failures(table(1000, 1000), table(1000, 1004)), []);
	assert.deepEqual(failures(table(1000, 1000), table(1000, 1008)), [
		"rr by count",
		"udp by count",
		"udp-message by count",
	]);
	assert.equal(failures(table(1000, 1000), table(1000, 1011)).length, 4);
	assert.deepEqual(failures(table(1000, 1000), table(1000, 900)), []);
});

test("where direct itself has moved, ratios are compared", () => {
	const compared = compare(table(1000, 1100), table(1100, 1210), PATHS);
	assert.ok(compared.every(({ by, ok }) => by === "ratio" && ok));
	assert.equal(failures(table(1000, 1100), table(1100, 1250)).length, 4);
	assert.deepEqual(failures(table(1000, 1100), table(900, 1100))[0], "crr by ratio");
});

test("what the table does not know is not compared", () => {
	assert.deepEqual(compare({}, table(1000, 1000), PATHS), []);
	assert.deepEqual(compare(table(1000, 1000), { "1000": table(1, 1)["10"] ?? {} }, PATHS), []);
});

test("without direct, counts are compared", () => {
	const now = { "10": { socket: medians(1020) } };
	assert.ok(failures(table(1000, 1000), now).includes("crr by count"));
});
