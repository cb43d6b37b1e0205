import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type LoadedManifests, loadManifests } from "../../../src/manifests/load.ts";
import { serviceYaml, sliceYaml, temporaryDir } from "./lib.ts";

function load(t: TestContext, files: Record<string, string>): LoadedManifests {
	const dir = temporaryDir(t);
	for (const [name, text] of Object.entries(files)) {
		writeFileSync(join(dir, name), text);
	}
	return loadManifests(dir);
}

const keys = ({ changes }: LoadedManifests) => changes.map(({ kind, key }) => `${kind} ${key}`);

test("all documents of YAML and JSON files are read, other files are not", (t) => {
	const loaded = load(t, {
		"a.yaml": `${serviceYaml("web", "10.96.0.1")}---\n${sliceYaml("web-1", "web", "10.0.0.1")}`,
		"b.yml": serviceYaml("dns", "10.96.0.2"),
		"c.json": '{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}',
		"d.txt": serviceYaml("no", "10.96.0.3"),
		".e.yaml": serviceYaml("no", "10.96.0.3"),
	});
	assert.deepEqual(keys(loaded), [
		"service default/web",
		"slice default/web-1",
		"service default/dns",
		"node n1",
	]);
	assert.deepEqual(loaded.skips, []);
});

test("kind List and typed lists are unfolded", (t) => {
	const item = (name: string) => `{metadata: {name: ${name}}, spec: {clusterIP: 10.96.0.1}}`;
	const loaded = load(t, {
		"a.yaml": `apiVersion: v1\nkind: ServiceList\nitems: [${item("a")}, ${item("b")}]\n`,
		"b.json": JSON.stringify({
			apiVersion: "v1",
			kind: "List",
			items: [{ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } }],
		}),
	});
	assert.deepEqual(keys(loaded), ["service default/a", "service default/b", "node n1"]);
});

test("a document that does not parse is skipped with file, line and column, others are read", (t) => {
	const loaded = load(t, {
		"a.yaml": `${serviceYaml("web", "10.96.0.1")}---\nkind: [Service\n`,
		"b.json": '{\n"kind": [1,2}\n}',
		"c.yaml": serviceYaml("dns", "10.96.0.2"),
	});
	assert.deepEqual(keys(loaded), ["service default/web", "service default/dns"]);
	assert.deepEqual(
		loaded.skips.map(({ object, reason }) => `${object} ${reason.split(" ")[0]}`),
		["File a.yaml a.yaml:7:1:", "File b.json b.json:2:13:"],
	);
});

test("of an object in two files the first by file name counts and the other is named", (t) => {
	const loaded = load(t, {
		"b.yaml": serviceYaml("web", "10.96.0.2"),
		"a.yaml": serviceYaml("web", "10.96.0.1"),
	});
	assert.equal(loaded.changes.length, 1);
	const [change] = loaded.changes;
	assert.deepEqual(change?.kind === "service" && change.object?.clusterIPs, ["10.96.0.1"]);
	assert.deepEqual(loaded.skips, [
		{
			object: "Service default/web",
			reason: "the one in b.yaml is not used: it is already in a.yaml",
		},
	]);
});

test("objects of other kinds and objects without name are skipped with the reason", (t) => {
	const loaded = load(t, {
		"a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
		"b.yaml": "apiVersion: v1\nkind: Service\n",
		"c.yaml": "- 1\n---\njust text\n",
		"d.yaml": 'apiVersion: v1\nkind: ""\n',
	});
	assert.deepEqual(loaded.changes, []);
	assert.deepEqual(
		loaded.skips.map(({ object, reason }) => `${object}: ${reason.split(";")[0]}`),
		[
			'Deployment default/web: apiVersion "apps/v1", kind "Deployment" is not read',
			"Service: metadata.name is missing",
			"Object: apiVersion nothing, kind nothing is not read",
			"Object: apiVersion nothing, kind nothing is not read",
			'Object: apiVersion "v1", kind "" is not read',
		],
	);
});

test("a directory that cannot be read is an error that names it", () => {
	assert.throws(() => loadManifests("/nonexistent/manifests"), /ENOENT.*\/nonexistent\/manifests/);
});

test("places are counted in the file, not in the document, and directives are understood", (t) => {
	const loaded = load(t, {
		"a.yaml": `# first\n---\n${serviceYaml("a", "10.96.0.1")}--- # third\nkind: "open\n---\nb: *none\n`,
		"b.yaml": `%YAML 1.2\n---\n${serviceYaml("b", "10.96.0.2")}...\n`,
	});
	assert.deepEqual(keys(loaded), ["service default/a", "service default/b"]);
	assert.deepEqual(
		loaded.skips.map(({ reason }) => reason.split(" ")[0]),
		["a.yaml:9:1:", "a.yaml:9:1:"],
	);
});
