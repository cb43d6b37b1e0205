/**
 * Manifests in, JSON report (expected.report) and readable maps (expected.maps) out. A case is a
 * folder of manifests, or a folder of steps ("1", "2-restart", ...) that follow each other on the
 * same maps; a step with "restart" in its name begins with a new agent. The file "sizes" of a case
 * makes maps smaller (JSON). The files "settings" and "network" of a case or step say how the agent is
 * configured (part of ServiceProxySettings) and which addresses the node has (NodeAddresses; without
 * it, those of its Node object), in JSON. UPDATE=1 writes what comes out as what is expected.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fakeServiceMaps } from "../../src/dataplane/fake-maps.ts";
import { loadManifests } from "../../src/manifests/load.ts";
import { Cluster } from "../../src/model/cluster.ts";
import type { NodeAddresses } from "../../src/model/node-reach.ts";
import type { Change, Skip } from "../../src/model/objects.ts";
import { DEFAULT_PROXY_SETTINGS } from "../../src/model/proxy-settings.ts";
import { report } from "../../src/plan/report.ts";
import { dumpMaps } from "../../src/sync/dump.ts";
import { Syncer } from "../../src/sync/syncer.ts";

const NODE = "node-a";
const SIZES = { services: 256, slots: 1024, backends: 256, filter: 1024 };

/** The agent's pure part on maps that outlive it. */
class Sandbox {
	readonly #maps: ReturnType<typeof fakeServiceMaps>;
	#cluster = new Cluster(NODE);
	#syncer: Syncer | undefined;
	#objects = new Map<string, Change>();

	constructor(sizes: Parameters<typeof fakeServiceMaps>[0]) {
		this.#maps = fakeServiceMaps({ ...SIZES, ...sizes });
	}

	/** A new agent, which knows nothing but the maps. */
	async restart(): Promise<void> {
		this.#cluster = new Cluster(NODE);
		this.#objects = new Map();
		this.#syncer = new Syncer(this.#cluster, this.#maps);
		await this.#syncer.adopt();
	}

	/** Makes the objects those of a directory. */
	async load(dir: string): Promise<{ json: string; maps: string }> {
		const [settings, network] = [jsonOf(dir, "settings"), jsonOf(dir, "network")];
		if (settings) this.#cluster.setSettings({ ...DEFAULT_PROXY_SETTINGS, ...settings });
		if (network) this.#cluster.setNodeAddresses(network as NodeAddresses);
		const { changes, skips } = loadManifests(dir);
		const objects = new Map(changes.map((change) => [`${change.kind} ${change.key}`, change]));
		const removed = [...this.#objects.values()]
			.filter((change) => !objects.has(`${change.kind} ${change.key}`))
			.map((change): Change => ({ ...change, object: undefined, skips: [] }));
		this.#objects = objects;
		this.#cluster.apply([...removed, ...changes]);
		await this.#syncer?.syncOnce();
		return { json: this.#json(skips), maps: dumpMaps(this.#maps) + this.#failures() };
	}

	#json(skips: readonly Skip[]): string {
		return `${JSON.stringify(report(this.#cluster, skips), null, "\t")}\n`;
	}

	#failures(): string {
		const failures = [...(this.#syncer?.status().failures ?? [])].sort();
		const lines = failures.map(([service, reason]) => `  ${service}: ${reason}\n`);
		return lines.length > 0 ? `failures\n${lines.join("")}` : "";
	}
}

function compare(file: string, actual: string): void {
	if (process.env.UPDATE === "1") writeFileSync(file, actual);
	const expected = existsSync(file) ? readFileSync(file, "utf8") : "";
	assert.equal(actual, expected, `${file} differs; UPDATE=1 rewrites it`);
}

function foldersIn(dir: string): string[] {
	const entries = readdirSync(dir, { withFileTypes: true });
	return entries
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name)
		.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function jsonOf(dir: string, name: string): object | undefined {
	const file = join(dir, name);
	return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

for (const name of foldersIn(import.meta.dirname)) {
	test(`manifests give the expected maps: ${name}`, async () => {
		const dir = join(import.meta.dirname, name);
		const steps = foldersIn(dir);
		const sandbox = new Sandbox(jsonOf(dir, "sizes"));
		await sandbox.restart();
		for (const step of steps.length > 0 ? steps : ["."]) {
			if (step.includes("restart")) await sandbox.restart();
			const { json, maps } = await sandbox.load(join(dir, step));
			compare(join(dir, step, "expected.maps"), maps);
			compare(join(dir, step, "expected.report"), json);
		}
	});
}
