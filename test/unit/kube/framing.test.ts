import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/kube/api-error.ts";
import { LineSplitter } from "../../../src/kube/lines.ts";
import { ListScanner } from "../../../src/kube/list-scanner.ts";

/** Cuts bytes into chunks of these sizes, over and over. */
function chunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
	const cut: Buffer[] = [];
	for (let at = 0, i = 0; at < bytes.length; i++) {
		const size = sizes[i % sizes.length] ?? 1;
		cut.push(bytes.subarray(at, at + size));
		at += size;
	}
	return cut;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test("lines come out whole however the stream is cut, characters cut in two included", () => {
	const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\n"));
	fc.assert(
		fc.property(fc.array(line), sizes, (lines, cut) => {
			const splitter = new LineSplitter();
			const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
			const got = chunks(bytes, cut).flatMap((chunk) => [...splitter.push(chunk)]);
			assert.deepEqual(
				got.map((part) => part.toString("utf8")),
				lines,
			);
		}),
	);
});

test("a line beyond every object's size is refused instead of filling the memory", () => {
	const splitter = new LineSplitter();
	const chunk = Buffer.alloc(1024 * 1024, "x");
	assert.throws(() => {
		for (let i = 0; i < 40; i++) {
			[...splitter.push(chunk)];
		}
	}, ProtocolError);
});

function scan(bytes: Buffer, cut: readonly number[]) {
	const scanner = new ListScanner();
	const items = chunks(bytes, cut).flatMap((chunk) => [...scanner.push(chunk)]);
	return { items: items.map((item) => JSON.parse(item.toString("utf8"))), list: scanner.end() };
}

test("a list is cut into its items and the rest however the stream and the fields are", () => {
	const item = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
	const envelope = fc.record({
		kind: fc.constantFrom("List", "items", '"items":['),
		metadata: fc.record({
			resourceVersion: fc.string(),
			items: fc.array(fc.jsonValue({ maxDepth: 1 })),
		}),
	});
	fc.assert(
		fc.property(
			fc.tuple(fc.array(item), envelope, fc.boolean(), fc.constantFrom(undefined, 1)),
			sizes,
			([items, rest, first, space], cut) => {
				const list = first ? { items, ...rest } : { ...rest, items };
				const got = scan(Buffer.from(JSON.stringify(list, null, space)), cut);
				assert.deepEqual(got.items, JSON.parse(JSON.stringify(items)));
				assert.deepEqual(got.list, { ...JSON.parse(JSON.stringify(rest)), items: [] });
			},
		),
		{ numRuns: 500 },
	);
});

test("a list that ends too early is an error wherever it ends", () => {
	const text = '{"metadata":{"resourceVersion":"7"},"items":[{"a":"b]}"},{"c":[1]}]}';
	for (let end = 1; end < text.length; end++) {
		assert.throws(() => scan(Buffer.from(text.slice(0, end)), [7]), ProtocolError, `end ${end}`);
	}
	assert.equal(scan(Buffer.from(text), [7]).items.length, 2);
});

test("a list without items has none", () => {
	assert.deepEqual(scan(Buffer.from('{"metadata":{},"items":null}'), [3]).items, []);
});
