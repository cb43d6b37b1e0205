import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { prepareNode } from "../../../src/agent/prepare.ts";
import type { Addon } from "../../../src/dataplane/addon.ts";

test("the node is prepared by a directory for pins, and says which cgroup is served", (t) => {
	const directory = mkdtempSync(join(tmpdir(), "sluice-prepare-"));
	t.after(() => rmSync(directory, { recursive: true }));
	const pinPath = join(directory, "pins");
	const bpffs = { isBpffs: () => true } as unknown as Addon;
	const said = prepareNode(bpffs, { pinPath, cgroupRoot: "/cgroup", socketLb: true });
	assert.equal(said, `pins go to ${pinPath}, sockets below /cgroup are served`);
	assert.ok(existsSync(pinPath));
	const without = prepareNode(bpffs, { pinPath, cgroupRoot: "", socketLb: false });
	assert.equal(without, `pins go to ${pinPath}`);
	const none = { isBpffs: () => false } as unknown as Addon;
	assert.throws(
		() => prepareNode(none, { pinPath, cgroupRoot: "", socketLb: true }),
		/is not on a bpffs: mount one there/,
	);
});
