import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cleanup } from "../../../src/agent/cleanup.ts";
import type { Addon } from "../../../src/dataplane/addon.ts";
import { CLSACT_HANDLE } from "../../../src/dataplane/attach-tc.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";

function directory(t: { after(clean: () => void): void }): string {
	const path = mkdtempSync(join(tmpdir(), "sluice-cleanup-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

test("removing the pins leaves what others have beside them", (t) => {
	const root = directory(t);
	const pins = new PinPaths(root);
	pins.create();
	writeFileSync(pins.map("flows"), "");
	mkdirSync(join(root, "others"));
	pins.remove();
	assert.ok(!existsSync(pins.maps));
	assert.ok(existsSync(join(root, "others")));
});

test("removing the pins removes their directory when nothing else is in it", (t) => {
	const root = join(directory(t), "sluice");
	const pins = new PinPaths(root);
	pins.create();
	pins.remove();
	assert.ok(!existsSync(root));
	pins.remove();
});

test("a clean-up of a directory that is on no bpffs removes nothing", (t) => {
	const root = directory(t);
	mkdirSync(join(root, "maps"));
	writeFileSync(join(root, "maps", "europe"), "");
	const addon = { isBpffs: () => false, links: () => [] } as unknown as Addon;
	assert.throws(() => cleanup(addon, new PinPaths(root)), /is not on a bpffs/);
	assert.ok(existsSync(join(root, "maps", "europe")));
});

test("a clean-up that leaves something says what, after it has removed the rest", (t) => {
	const root = directory(t);
	const pins = new PinPaths(root);
	pins.create();
	writeFileSync(pins.map("flows"), "");
	const addon = {
		isBpffs: () => true,
		links: () => [{ ifindex: 7, name: "eth0" }],
		tcFilters: () => [{ handle: CLSACT_HANDLE }],
		tcDetach: () => undefined,
		tcHookDestroy: () => undefined,
	} as unknown as Addon;
	assert.throws(() => cleanup(addon, pins), /^Error: could not be removed: filter of device eth0$/);
	assert.ok(!existsSync(pins.maps));
});
