import assert from "node:assert/strict";
import { test } from "node:test";
import type { MapInfo } from "../../../src/dataplane/addon.ts";
import { hzBetween } from "../../../src/dataplane/clock.ts";
import { checkLayouts, LayoutError } from "../../../src/dataplane/loader.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { MAPS } from "../../../src/layout/structs.ts";

const OBJECT: readonly MapInfo[] = Object.values(MAPS).map((map) => ({ ...map, id: 0 }));

test("an object whose maps have the known sizes is accepted", () => {
	checkLayouts(OBJECT, "sluice.bpf.o");
});

test("an object with another value size, or without a map, is refused by name", () => {
	const larger = OBJECT.map((map) =>
		map.name === "flows" ? { ...map, valueSize: map.valueSize + 8 } : map,
	);
	assert.throws(
		() => checkLayouts(larger, "sluice.bpf.o"),
		(error: Error) =>
			error instanceof LayoutError &&
			error.message.includes("map flows of sluice.bpf.o has keys of 40") &&
			error.message.includes("build both from one version"),
	);
	assert.throws(
		() =>
			checkLayouts(
				OBJECT.filter(({ name }) => name !== "names"),
				"sluice.bpf.o",
			),
		/sluice.bpf.o has no map names/,
	);
});

test("pins of maps carry the layout's version, and no pin has a dot in its name", () => {
	const pins = new PinPaths("/sys/fs/bpf/sluice");
	assert.equal(pins.map("backends"), `/sys/fs/bpf/sluice/maps/backends_v${MAPS.backends.version}`);
	assert.equal(
		pins.deviceLink("eth0.100", "ingress"),
		"/sys/fs/bpf/sluice/links/eth0%2e100-ingress",
	);
	assert.equal(pins.cgroupLink("connect4"), "/sys/fs/bpf/sluice/links/cgroup-connect4");
	const names = ["eth0", "eth0.100", "a%b", "a%2eb", "a.b", "%.%"];
	const paths = new Set(names.map((name) => pins.deviceLink(name, "egress")));
	assert.equal(paths.size, names.length, "different devices have different pins");
	assert.ok(![...paths].some((path) => path.includes(".")));
});

test("the clock's rate is the known HZ nearest to two readings", () => {
	const at = (jiffies: number, ms: number) => ({
		jiffies: BigInt(jiffies),
		timeNs: BigInt(ms) * 1_000_000n,
	});
	assert.equal(hzBetween(at(1000, 0), at(1050, 200)), 250);
	assert.equal(hzBetween(at(1000, 0), at(1051, 200)), 250);
	assert.equal(hzBetween(at(1000, 0), at(1020, 200)), 100);
	assert.equal(hzBetween(at(1000, 0), at(1199, 200)), 1000);
});
