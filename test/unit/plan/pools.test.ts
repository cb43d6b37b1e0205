import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FilterRefs } from "../../../src/plan/filter-refs.ts";
import { IdPool } from "../../../src/plan/id-pool.ts";
import { type Range, RangePool } from "../../../src/plan/range-pool.ts";

test("ids begin at the first one and end with the pool", () => {
	const pool = new IdPool(1, 3);
	assert.deepEqual([pool.take(), pool.take(), pool.take()], [1, 2, undefined]);
	assert.equal(pool.available, 0);
});

test("a resting id is not given out again until it is released", () => {
	const pool = new IdPool(1, 2);
	const id = pool.take() ?? 0;
	pool.rest(id, 1000);
	assert.equal(pool.take(), undefined);
	assert.deepEqual(pool.rested(999), []);
	assert.deepEqual(pool.rested(1000), [id]);
	pool.release(id);
	assert.equal(pool.take(), id);
});

test("an id that its owner uses again does not rest", () => {
	const pool = new IdPool(1, 9);
	const id = pool.take() ?? 0;
	pool.rest(id, 1000);
	pool.wake(id);
	assert.deepEqual(pool.rested(5000), []);
	pool.release(id);
	assert.notEqual(pool.take(), id);
});

test("the rest of an id begins when it was given up first", () => {
	const pool = new IdPool(1, 2);
	pool.rest(1, 1000);
	pool.rest(1, 2000);
	assert.deepEqual(pool.rested(1000), [1]);
});

test("adopted ids stay out of the pool, the gaps between them are used", () => {
	const pool = new IdPool(1, 6);
	pool.adopt(5, (id) => id === 2 || id === 4);
	const taken = [pool.take(), pool.take(), pool.take(), pool.take()];
	assert.deepEqual(taken, [1, 3, 5, undefined]);
});

type Step = { take: number } | { give: number } | { wait: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
	fc.record({ take: fc.integer({ min: 1, max: 12 }) }),
	fc.record({ give: fc.nat(20) }),
	fc.record({ wait: fc.nat(1500) }),
);
const steps = fc.array(anyStep, { maxLength: 60 });
const SIZE = 40;
const REST = 1000;

test("ranges never overlap, not even with ranges that rest", () => {
	fc.assert(
		fc.property(steps, (list) => {
			const user = new RangeUser();
			for (const step of list) {
				user.make(step);
				assert.ok(isDisjoint(user.used));
				const sum = user.used.reduce((total, range) => total + range.count, 0);
				assert.equal(user.pool.available, SIZE - sum);
			}
		}),
	);
});

/** Takes ranges, gives them back and lets time go by, and knows what must not be free. */
class RangeUser {
	readonly pool = new RangePool(SIZE);
	readonly #held: Range[] = [];
	#resting: { range: Range; since: number }[] = [];
	#now = 0;

	get used(): Range[] {
		return [...this.#held, ...this.#resting.map(({ range }) => range)];
	}

	make(step: Step): void {
		if ("take" in step) this.#held.push(...[this.pool.take(step.take) ?? []].flat());
		else if ("give" in step) this.#give(step.give);
		else this.#wait(step.wait);
	}

	#give(index: number): void {
		const [range] = this.#held.splice(index % Math.max(1, this.#held.length), 1);
		if (!range) return;
		this.pool.rest(range, this.#now);
		this.#resting.push({ range, since: this.#now });
	}

	#wait(ms: number): void {
		this.#now += ms;
		const before = this.#now - REST;
		this.pool.release(before);
		this.#resting = this.#resting.filter(({ since }) => since > before);
	}
}

test("after everything came back the whole pool is one gap again", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 1, max: 12 })),
			fc.infiniteStream(fc.nat()),
			(counts, dice) => {
				const pool = new RangePool(SIZE);
				const held = counts.map((count) => pool.take(count)).filter((range) => range !== undefined);
				while (held.length > 0) {
					const [range] = held.splice((dice.next().value ?? 0) % held.length, 1);
					if (range) pool.rest(range, 0);
					pool.release(0);
				}
				assert.deepEqual(pool.take(SIZE), { base: 0, count: SIZE });
			},
		),
	);
});

test("a range is reserved only when all of it is free", () => {
	const pool = new RangePool(10);
	assert.ok(pool.reserve({ base: 3, count: 4 }));
	assert.ok(!pool.reserve({ base: 0, count: 4 }));
	assert.ok(!pool.reserve({ base: 6, count: 2 }));
	assert.ok(!pool.reserve({ base: 8, count: 5 }));
	assert.ok(!pool.reserve({ base: 0, count: 0 }));
	assert.ok(pool.reserve({ base: 7, count: 3 }));
	assert.deepEqual(pool.take(3), { base: 0, count: 3 });
	assert.equal(pool.take(1), undefined);
});

test("what is free below a mark can be made to rest", () => {
	const pool = new RangePool(10);
	pool.reserve({ base: 2, count: 2 });
	pool.restFreeBelow(6, 1000);
	assert.deepEqual(pool.take(2), { base: 6, count: 2 });
	pool.release(1000);
	assert.deepEqual(pool.take(2), { base: 0, count: 2 });
});

test("a bit is wanted as long as one tuple wants it", () => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean())), (list) => {
			const refs = new FilterRefs(4);
			const wanted = [0, 0, 0, 0];
			for (const [bit, acquire] of list) {
				if (acquire) refs.acquire(bit);
				else refs.drop(bit, 0);
				wanted[bit] = Math.max(0, (wanted[bit] ?? 0) + (acquire ? 1 : -1));
			}
			for (const [bit, count] of wanted.entries()) assert.equal(refs.isWanted(bit), count > 0);
			for (const bit of refs.lingered(0)) assert.equal(wanted[bit], 0);
		}),
	);
});

test("a bit that is wanted again while it lingers is not cleared", () => {
	const refs = new FilterRefs(4);
	refs.acquire(1);
	refs.drop(1, 1000);
	assert.deepEqual(refs.lingered(999), []);
	assert.deepEqual(refs.lingered(1000), [1]);
	refs.acquire(1);
	assert.ok(!refs.release(1));
});

test("a bit that many tuples share is wanted until the last of them is gone", () => {
	const refs = new FilterRefs(2);
	for (let i = 0; i < 300; i++) refs.acquire(0);
	for (let i = 0; i < 299; i++) refs.drop(0, 0);
	assert.ok(refs.isWanted(0));
	refs.drop(0, 0);
	assert.ok(!refs.isWanted(0));
	assert.deepEqual(refs.lingered(0), [0]);
});

test("the wanted bits of a part of the filter are named", () => {
	const refs = new FilterRefs(128);
	for (const bit of [1, 32, 63, 64, 127]) refs.acquire(bit);
	const found: number[] = [];
	refs.wantedIn(32, 96, (bit) => found.push(bit));
	assert.deepEqual(found, [32, 63, 64]);
});

function isDisjoint(ranges: readonly Range[]): boolean {
	const sorted = [...ranges].sort((a, b) => a.base - b.base);
	return sorted.every((range, i) => {
		const next = sorted[i + 1];
		return next === undefined || range.base + range.count <= next.base;
	});
}
