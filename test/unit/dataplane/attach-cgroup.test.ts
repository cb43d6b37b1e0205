import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Addon, BpfLink, BpfProgram } from "../../../src/dataplane/addon.ts";
import { CgroupAttacher } from "../../../src/dataplane/attach-cgroup.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { BpfError } from "../../../src/errors.ts";

function refused(code: string): never {
	throw new BpfError({ message: code, code, errno: 1, op: "cgroup attach", object: "" });
}

/** Links that can be detached behind the attacher's back, as a kernel whose cgroup is away refuses. */
class FakeKernel {
	refuses = false;
	readonly attached = new Set<BpfLink>();
	readonly addon = {
		BpfLink: {
			fromPin: () => refused("ENOENT"),
			attachCgroup: () => (this.refuses ? refused("ENOENT") : this.#newLink()),
		},
		linksAttached: async (links: BpfLink[]) => links.map((link) => this.#isAttached(link)),
	} as unknown as Addon;
	readonly #closed = new Set<BpfLink>();

	#newLink(): BpfLink {
		const link = {
			pin: (path: string) => writeFileSync(path, ""),
			close: () => this.#closed.add(link),
		} as unknown as BpfLink;
		this.attached.add(link);
		return link;
	}

	#isAttached(link: BpfLink): boolean {
		return this.#closed.has(link) ? refused("EBADF") : this.attached.has(link);
	}
}

test("a hook that cannot be put back at once is put back once it can", async (t) => {
	const root = mkdtempSync(join(tmpdir(), "sluice-cgroup-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const pins = new PinPaths(root);
	pins.create();
	const kernel = new FakeKernel();
	const attacher = new CgroupAttacher(kernel.addon, pins, root);
	attacher.attach("connect4", {} as BpfProgram);
	kernel.attached.clear();
	kernel.refuses = true;
	await assert.rejects(attacher.repair());
	kernel.refuses = false;
	assert.deepEqual(await attacher.repair(), ["connect4"]);
	assert.deepEqual(await attacher.repair(), []);
});
