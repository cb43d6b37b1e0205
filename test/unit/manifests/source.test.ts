import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLogger } from "../../../src/log.ts";
import { ManifestSource } from "../../../src/manifests/source.ts";
import type { Change } from "../../../src/model/objects.ts";
import { until } from "../../lib/until.ts";
import { serviceYaml, sliceYaml, temporaryDir } from "./lib.ts";

class Watched {
	readonly dir: string;
	readonly source: ManifestSource;
	readonly batches: (readonly Change[])[] = [];
	readonly state = new Map<string, Change>();
	synced = 0;
	isComplete: boolean | undefined;

	constructor(t: TestContext, dir = temporaryDir(t)) {
		this.dir = dir;
		this.source = new ManifestSource({ dir, log: silentLogger() });
		t.after(() => this.source.stop());
	}

	write(file: string, text: string): void {
		writeFileSync(join(this.dir, file), text);
	}

	async start(): Promise<void> {
		this.source.start({
			onChanges: (changes) => {
				this.batches.push(changes);
				for (const change of changes) {
					this.state.set(change.key, change);
				}
			},
			onSynced: (isComplete) => {
				this.synced += 1;
				this.isComplete = isComplete;
			},
		});
		await until("the source is synced", () => this.synced > 0);
	}

	/** What the object says now; undefined when it is gone. */
	clusterIP(key: string): string | undefined {
		const change = this.state.get(key);
		return change?.kind === "service" ? change.object?.clusterIPs[0] : undefined;
	}

	error(): string {
		return this.source.status()[0]?.error ?? "";
	}
}

test("a directory is delivered as one batch and then called synced once", async (t) => {
	const watched = new Watched(t);
	watched.write("a.yaml", serviceYaml("web", "10.96.0.1"));
	watched.write("b.yaml", sliceYaml("web-1", "web", "10.0.0.1"));
	await watched.start();
	assert.equal(watched.batches.length, 1);
	assert.deepEqual(
		watched.source.status().map(({ kind, synced, objects }) => [kind, synced, objects]),
		[
			["Services", true, 1],
			["EndpointSlices", true, 1],
			["Node", true, 0],
			["ServiceCIDRs", true, 0],
		],
	);
	assert.equal(watched.synced, 1);
});

test("an empty directory is synced too", async (t) => {
	const watched = new Watched(t);
	await watched.start();
	assert.deepEqual(watched.batches, []);
});

test("changed, added and removed files become changes of just their objects", async (t) => {
	const watched = new Watched(t);
	watched.write("a.yaml", serviceYaml("a", "10.96.0.1"));
	watched.write("b.yaml", serviceYaml("b", "10.96.0.2"));
	await watched.start();
	watched.batches.length = 0;

	watched.write("a.yaml", serviceYaml("a", "10.96.0.9"));
	await until("a is changed", () => watched.clusterIP("default/a") === "10.96.0.9");
	watched.write("c.yaml", serviceYaml("c", "10.96.0.3"));
	await until("c is there", () => watched.clusterIP("default/c") === "10.96.0.3");
	rmSync(join(watched.dir, "b.yaml"));
	await until("b is gone", () => watched.clusterIP("default/b") === undefined);
	assert.deepEqual(
		watched.batches.flat().map(({ key }) => key),
		["default/a", "default/c", "default/b"],
	);
	assert.equal(watched.synced, 1);
});

test("a file that stops to parse keeps its last good content and is named with its place", async (t) => {
	const watched = new Watched(t);
	watched.write("a.yaml", serviceYaml("a", "10.96.0.1"));
	await watched.start();
	watched.write("a.yaml", `${serviceYaml("a", "10.96.0.2")}---\nkind: [Service\n`);
	await until("the error is shown", () => watched.error() !== "");
	assert.match(watched.error(), /^a\.yaml:7:1: /);
	assert.equal(watched.clusterIP("default/a"), "10.96.0.1");
	watched.write("a.yaml", serviceYaml("a", "10.96.0.2"));
	await until("the repaired file counts", () => watched.clusterIP("default/a") === "10.96.0.2");
	await until("the error is gone", () => watched.error() === "");
});

test("a file that never parsed leaves the source incomplete until it does, or is gone", async (t) => {
	for (const repair of ["write", "remove"] as const) {
		const watched = new Watched(t);
		watched.write("a.yaml", `${serviceYaml("a", "10.96.0.1")}---\nkind: [Service\n`);
		await watched.start();
		assert.equal(watched.isComplete, false);
		assert.equal(watched.clusterIP("default/a"), "10.96.0.1");
		if (repair === "write") watched.write("a.yaml", serviceYaml("a", "10.96.0.1"));
		else rmSync(join(watched.dir, "a.yaml"));
		await until("the source is complete", () => watched.isComplete === true);
		watched.write("a.yaml", "kind: [Service\n");
		watched.write("b.yaml", serviceYaml("b", "10.96.0.2"));
		await until("b is there", () => watched.clusterIP("default/b") === "10.96.0.2");
		assert.equal(watched.synced, 2);
	}
});

test("a file cut to nothing, as at the start of a write, keeps its last good content", async (t) => {
	const watched = new Watched(t);
	watched.write("a.yaml", serviceYaml("a", "10.96.0.1"));
	await watched.start();
	watched.write("a.yaml", "");
	await until("the error is shown", () => watched.error() !== "");
	assert.equal(watched.error(), "a.yaml:1:1: the file is empty");
	assert.equal(watched.clusterIP("default/a"), "10.96.0.1");
});

test("a file without its last newline counts once it stays as it is", async (t) => {
	const watched = new Watched(t);
	watched.write("a.yaml", serviceYaml("a", "10.96.0.1"));
	await watched.start();
	watched.write("a.yaml", serviceYaml("a", "10.96.0.2").trimEnd());
	await until("the file counts", () => watched.clusterIP("default/a") === "10.96.0.2");
});

test("when the file that counts is removed, the other file's copy takes over", async (t) => {
	const watched = new Watched(t);
	watched.write("a.yaml", serviceYaml("web", "10.96.0.1"));
	watched.write("b.yaml", serviceYaml("web", "10.96.0.2"));
	await watched.start();
	assert.equal(watched.clusterIP("default/web"), "10.96.0.1");
	rmSync(join(watched.dir, "a.yaml"));
	await until("b counts", () => watched.clusterIP("default/web") === "10.96.0.2");
});

test("a volume that swaps a link to its data is followed", async (t) => {
	const dir = temporaryDir(t);
	for (const [version, address] of Object.entries({ "..1": "10.96.0.1", "..2": "10.96.0.2" })) {
		mkdirSync(join(dir, version));
		writeFileSync(join(dir, version, "a.yaml"), serviceYaml("a", address));
	}
	symlinkSync("..1", join(dir, "..data"));
	symlinkSync("..data/a.yaml", join(dir, "a.yaml"));
	const watched = new Watched(t, dir);
	await watched.start();
	assert.equal(watched.clusterIP("default/a"), "10.96.0.1");
	symlinkSync("..2", join(dir, "..new"));
	renameSync(join(dir, "..new"), join(dir, "..data"));
	await until("the new data count", () => watched.clusterIP("default/a") === "10.96.0.2");
});

test("a directory that is not there yet is named, and read once it is there", async (t) => {
	const dir = join(temporaryDir(t), "later");
	const watched = new Watched(t, dir);
	const started = watched.start();
	await until("the error is shown", () => watched.error() !== "");
	assert.match(watched.error(), /ENOENT.*later/);
	assert.equal(watched.synced, 0);
	mkdirSync(dir);
	watched.write("a.yaml", serviceYaml("a", "10.96.0.1"));
	await started;
	await until("a is there", () => watched.clusterIP("default/a") === "10.96.0.1");
});
