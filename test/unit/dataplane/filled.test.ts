import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Addon } from "../../../src/dataplane/addon.ts";
import { type Loaded, loadDatapath } from "../../../src/dataplane/loader.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { MAPS } from "../../../src/layout/structs.ts";

/** As much of the addon as loading needs; pins are plain files. */
const ADDON = {
	BpfMap: { fromPin: () => ({ info: { maxEntries: 0 } }) },
	BpfObject: {
		open: () => ({
			maps: Object.values(MAPS),
			programs: [],
			map: () => ({ pin: (path: string) => writeFileSync(path, "") }),
			reuseMap: () => undefined,
			setVariable: () => undefined,
			load: () => undefined,
			close: () => undefined,
		}),
	},
} as unknown as Addon;

function pinPaths(t: TestContext): PinPaths {
	const root = mkdtempSync(join(tmpdir(), "sluice-filled-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const pins = new PinPaths(root);
	pins.create();
	return pins;
}

const load = (pins: PinPaths): Loaded =>
	loadDatapath(ADDON, { objectPath: "sluice.bpf.o", pins, sizes: {}, variables: {} });

test("maps that an agent has pinned and not filled are not taken for filled by the next one", (t) => {
	const pins = pinPaths(t);
	assert.equal(load(pins).filled, false);
	const second = load(pins);
	assert.equal(second.filled, false);
	second.markFilled();
	assert.equal(load(pins).filled, true);
});

test("an upgrade that makes one map anew waits for it to be filled, however often it starts", (t) => {
	const pins = pinPaths(t);
	load(pins).markFilled();
	rmSync(pins.map("frontends"));
	assert.equal(load(pins).filled, false);
	assert.equal(load(pins).filled, false);
});

test("a new map that programs fill themselves holds nothing up", (t) => {
	const pins = pinPaths(t);
	load(pins).markFilled();
	rmSync(pins.map("overflow"));
	assert.equal(load(pins).filled, true);
});
