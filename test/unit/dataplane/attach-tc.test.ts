import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Addon, BpfProgram } from "../../../src/dataplane/addon.ts";
import { TcAttacher } from "../../../src/dataplane/attach-tc.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { BpfError } from "../../../src/errors.ts";

/** As much of the addon as attaching needs; a pin is a file that names the link's device. */
const ADDON = {
	tcFilters: () => [],
	BpfLink: {
		fromPin: (path: string) => {
			throw new BpfError({ message: "", code: "ENOENT", errno: 2, op: "link open", object: path });
		},
		attachTcx: (_: unknown, { ifindex }: { ifindex: number }) => ({
			info: { ifindex },
			pin: (path: string) => writeFileSync(path, String(ifindex)),
		}),
	},
} as unknown as Addon;

function attacher(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), "sluice-attach-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const pins = new PinPaths(root);
	pins.create();
	const program = { info: { id: 1 } } as unknown as BpfProgram;
	const tc = new TcAttacher(ADDON, pins, { ingress: program, egress: program }, true);
	const read = (name: string) => [name, readFileSync(join(pins.links, name), "utf8")];
	const pinned = () => Object.fromEntries(readdirSync(pins.links).sort().map(read));
	return { tc, links: pins.links, pinned };
}

test("pins follow the names of two devices that swap theirs", (t) => {
	const { tc, pinned } = attacher(t);
	tc.attach({ ifindex: 1, name: "a", directions: ["ingress"] });
	tc.attach({ ifindex: 2, name: "b", directions: ["ingress"] });
	tc.rename(1, "b");
	tc.rename(2, "a");
	assert.deepEqual(pinned(), { "a-ingress": "2", "b-ingress": "1" });
});

test("a device whose pin somebody has removed can still be renamed", (t) => {
	const { tc, links, pinned } = attacher(t);
	tc.attach({ ifindex: 1, name: "a", directions: ["ingress", "egress"] });
	tc.attach({ ifindex: 2, name: "b", directions: ["ingress"] });
	rmSync(join(links, "a-ingress"));
	tc.rename(1, "c");
	assert.deepEqual(pinned(), { "b-ingress": "2", "c-egress": "1", "c-ingress": "1" });
});
