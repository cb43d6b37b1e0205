import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { ApiError, ProtocolError } from "../../src/kube/api-error.ts";
import { KINDS, type Kind, toChange } from "../../src/kube/change.ts";
import { decodeEndpointSlice } from "../../src/kube/endpoint-slice.ts";
import { Interner } from "../../src/kube/intern.ts";
import { LineSplitter } from "../../src/kube/lines.ts";
import { ListScanner } from "../../src/kube/list-scanner.ts";
import { decodeNode } from "../../src/kube/node.ts";
import { decodeService } from "../../src/kube/service.ts";
import { parseWatchEvent } from "../../src/kube/watch-event.ts";
import { objectsOf } from "../../src/manifests/objects.ts";
import { documentsOf, parseDocument } from "../../src/manifests/parse.ts";
import { parseCIDR } from "../../src/model/cidr.ts";
import { Cluster } from "../../src/model/cluster.ts";
import type { Skip } from "../../src/model/objects.ts";
import { report } from "../../src/plan/report.ts";
import { service, slice } from "../lib/objects.ts";
import { anyMutation, type Mutation, mutate } from "./lib/mutate.ts";
import { SAMPLES } from "./lib/samples.ts";

const RUNS = process.env.SLUICE_TEST_LONG === "1" ? 100_000 : 2000;
const options = { numRuns: RUNS, seed: Number(process.env.SEED ?? 1) };

const kinds = fc.constantFrom<Kind>(...KINDS);
const mutations = fc.array(anyMutation, { maxLength: 6 });

function assertSkips(skips: readonly Skip[]): void {
	for (const { object, reason } of skips) {
		assert.ok(object !== "" && reason !== "", "a skip without object or reason");
	}
}

function assertPort(port: { readonly port: number; readonly protocol: string }): void {
	assert.ok(Number.isInteger(port.port) && port.port > 0 && port.port < 65_536, `${port.port}`);
	assert.ok(["TCP", "UDP", "SCTP"].includes(port.protocol), port.protocol);
}

test("whatever an object holds, it is decoded or skipped with a reason", () => {
	fc.assert(
		fc.property(kinds, mutations, (kind, changes) => {
			const change = toChange(kind, mutate(SAMPLES[kind], changes), new Interner());
			assert.equal(typeof change.key, "string");
			assertSkips(change.skips);
			if (change.object === undefined) assert.notEqual(change.skips.length, 0, "no reason");
			assert.equal(Object.keys(Object.prototype).length, 0, "Object.prototype has grown");
		}),
		options,
	);
});

test("whatever an object holds, other Services are served as before", () => {
	const own = [
		service("own", "10.96.200.1", ["http:80/TCP"], { externalIPs: ["198.51.100.200"] }),
		slice("own-a", ["http:8080/TCP"], ["10.200.0.1", "10.200.0.2"]),
	];
	const served = (cluster: Cluster) =>
		report(cluster, []).frontends.filter((frontend) => frontend.service === "default/own:http");
	let read = 0;
	fc.assert(
		fc.property(kinds, mutations, (kind, changes) => {
			const cluster = new Cluster("own-node");
			cluster.apply(own);
			const before = served(cluster);
			const change = toChange(kind, mutate(SAMPLES[kind], changes), new Interner());
			cluster.apply([change]);
			assert.deepEqual(served(cluster), before);
			assert.equal(before.length, 2);
			if (change.object !== undefined) read++;
		}),
		options,
	);
	assert.ok(read > RUNS / 4, `only ${read} were read: the mutations leave nothing`);
});

/** Whether a Service is left of it. */
function assertService(changes: readonly Mutation[]): boolean {
	const { object } = decodeService(mutate(SAMPLES.Service, changes), new Interner());
	for (const address of object?.clusterIPs ?? []) assert.notEqual(isIP(address), 0, address);
	for (const port of object?.ports ?? []) assertPort(port);
	return object !== undefined;
}

/** Whether an EndpointSlice is left of it. */
function assertSlice(changes: readonly Mutation[]): boolean {
	const { object } = decodeEndpointSlice(mutate(SAMPLES.EndpointSlice, changes), new Interner());
	const version = object?.family === "IPv6" ? 6 : 4;
	for (const { address } of object?.endpoints ?? []) assert.equal(isIP(address), version, address);
	for (const port of object?.ports ?? []) assertPort(port);
	return object !== undefined;
}

/** Whether a Node is left of it. */
function assertNode(changes: readonly Mutation[]): boolean {
	const { object } = decodeNode(mutate(SAMPLES.Node, changes), new Interner());
	for (const address of object?.addresses ?? []) assert.notEqual(isIP(address), 0, address);
	for (const cidr of object?.podCIDRs ?? []) assert.equal(parseCIDR(cidr), cidr);
	assert.equal(typeof (object?.zone ?? ""), "string");
	return object !== undefined;
}

const ASSERTIONS = { Service: assertService, EndpointSlice: assertSlice, Node: assertNode };

for (const [kind, assertion] of Object.entries(ASSERTIONS)) {
	test(`what is decoded of a mutated ${kind} has addresses, prefixes and ports only`, () => {
		let decoded = 0;
		fc.assert(
			fc.property(mutations, (changes) => {
				if (assertion(changes)) decoded++;
			}),
			options,
		);
		assert.ok(decoded > RUNS / 4, `only ${decoded} were decoded: the mutations leave nothing`);
	});
}

/** Cuts, exchanges and inserts characters. */
const edits = fc.array(
	fc.record({
		at: fc.nat(4000),
		remove: fc.nat(12),
		insert: fc.oneof(
			fc.constantFrom("\n---\n", "\t", "{", "]", "*a", "&a ", ": ", "\u0000", "%YAML 1.2\n"),
			fc.string(),
		),
	}),
	{ maxLength: 4 },
);

function edit(
	text: string,
	changes: readonly { at: number; remove: number; insert: string }[],
): string {
	return changes.reduce((all, { at, remove, insert }) => {
		const from = at % (all.length + 1);
		return all.slice(0, from) + insert + all.slice(from + remove);
	}, text);
}

test("whatever a manifest holds, its objects are read or its error has a place", () => {
	const files = fc.constantFrom("web.yaml", "web.json");
	fc.assert(
		fc.property(
			fc.array(fc.tuple(kinds, mutations), { maxLength: 3 }),
			edits,
			files,
			(all, changes, file) => {
				const values = all.map(([kind, some]) => jsonOf(mutate(SAMPLES[kind], some)));
				const text = values.map((value) =>
					file === "web.json" ? JSON.stringify(value) : stringify(value),
				);
				for (const document of documentsOf(edit(text.join("\n---\n"), changes), file)) {
					const { values: found, error } = parseDocument(document, file);
					if (error) assert.ok(error.line > 0 && error.column > 0, error.message);
					const { skips } = objectsOf(found, new Interner());
					assertSkips(skips);
				}
			},
		),
		{ ...options, numRuns: RUNS / 2 },
	);
});

/** As an API server would send it. */
function jsonOf(value: unknown): unknown {
	return JSON.parse(
		JSON.stringify(value, (_, part) => (typeof part === "bigint" ? String(part) : part)) ?? "null",
	);
}

const bytes = fc.array(fc.record({ at: fc.nat(4000), value: fc.nat(255) }), { maxLength: 5 });
const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });

function damaged(
	text: string,
	changes: readonly { at: number; value: number }[],
	cut: number,
): Buffer {
	const all = Buffer.from(text);
	for (const { at, value } of changes) all[at % all.length] = value;
	return cut % 4 === 0 ? all.subarray(0, cut % all.length) : all;
}

function* chunks(all: Buffer, lengths: readonly number[]): Generator<Buffer> {
	for (let at = 0, i = 0; at < all.length; i++) {
		const length = lengths[i % lengths.length] ?? 1;
		yield all.subarray(at, at + length);
		at += length;
	}
}

/** Runs it; anything but an error that the caller expects is a failure. */
function expectsOnlyProtocolErrors(run: () => void): void {
	try {
		run();
	} catch (error) {
		if (!(error instanceof ProtocolError) && !(error instanceof ApiError)) throw error;
	}
}

test("a damaged list fails as one that is no list, or gives other items", () => {
	const list = JSON.stringify({
		kind: "ServiceList",
		metadata: { resourceVersion: "8" },
		items: [SAMPLES.Service, SAMPLES.EndpointSlice, SAMPLES.Node],
	});
	fc.assert(
		fc.property(bytes, sizes, fc.nat(4000), (changes, lengths, cut) => {
			const scanner = new ListScanner();
			let seen = 0;
			expectsOnlyProtocolErrors(() => {
				for (const chunk of chunks(damaged(list, changes, cut), lengths)) {
					for (const item of scanner.push(chunk)) seen += item.length;
				}
				scanner.end();
			});
			assert.ok(seen <= list.length, "more came out than went in");
		}),
		options,
	);
});

function* linesOf(all: Buffer, lengths: readonly number[]): Generator<Buffer> {
	const splitter = new LineSplitter();
	for (const chunk of chunks(all, lengths)) yield* splitter.push(chunk);
}

function decodeLine(line: Buffer): void {
	const event = parseWatchEvent(line);
	if (event.type !== "put") return;
	for (const kind of KINDS) assertSkips(toChange(kind, event.object, new Interner()).skips);
}

test("a damaged watch fails as one, or gives other events", () => {
	const lines = KINDS.map((kind) => JSON.stringify({ type: "ADDED", object: SAMPLES[kind] }));
	const stream = `${lines.join("\n")}\n`;
	fc.assert(
		fc.property(bytes, sizes, fc.nat(4000), (changes, lengths, cut) => {
			expectsOnlyProtocolErrors(() => {
				for (const line of linesOf(damaged(stream, changes, cut), lengths)) decodeLine(line);
			});
		}),
		options,
	);
});
