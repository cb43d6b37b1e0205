import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { addon, ifindexOf, returning, shell, VERDICT } from "./programs.ts";

shell("ip link add tc0 type veth peer name tc1");
const ifindex = ifindexOf("tc0");
const place = { ifindex, direction: "ingress", handle: 1, priority: 5 } as const;

afterEach(() => addon.tcHookDestroy(ifindex));

test("the hook is created once and destroyed once", () => {
	assert.equal(addon.tcHookCreate(ifindex), true);
	assert.equal(addon.tcHookCreate(ifindex), false);
	const clsact = addon.tcQdiscs(ifindex).find(({ kind }) => kind === "clsact");
	assert.deepEqual(clsact, { kind: "clsact", handle: 0xffff0000, parent: 0xfffffff1 });
	assert.equal(addon.tcHookDestroy(ifindex), true);
	assert.equal(addon.tcHookDestroy(ifindex), false);
	assert.equal(addon.tcQdiscs(ifindex).filter(({ kind }) => kind === "clsact").length, 0);
});

test("a filter is attached, refused when the place is taken, replaced when asked to", () => {
	addon.tcHookCreate(ifindex);
	const [first, second] = [returning(VERDICT.NEXT), returning(VERDICT.NEXT)];
	addon.tcAttach(first, place);
	assert.throws(() => addon.tcAttach(second, place), { code: "EEXIST", op: "tc attach" });
	addon.tcAttach(second, { ...place, replace: true });
	assert.deepEqual(addon.tcFilters(ifindex, "ingress"), [
		{
			kind: "bpf",
			chain: 0,
			priority: 5,
			protocol: 3,
			handle: 1,
			programId: second.info.id,
			name: `${second.info.name}:[${second.info.id}]`,
			directAction: true,
		},
	]);
	assert.deepEqual(addon.tcFilters(ifindex, "egress"), []);
});

test("replacing where nothing is adds", () => {
	addon.tcHookCreate(ifindex);
	addon.tcAttach(returning(-1), { ...place, direction: "egress", replace: true });
	assert.equal(addon.tcFilters(ifindex, "egress").length, 1);
});

test("filters of others are listed beside ours, in the order of their priorities", () => {
	addon.tcHookCreate(ifindex);
	addon.tcAttach(returning(-1), place);
	shell("tc filter add dev tc0 ingress protocol ip prio 3 u32 match u32 0 0 flowid 1:1");
	const found = addon.tcFilters(ifindex, "ingress");
	assert.deepEqual([...new Set(found.map(({ kind }) => kind))], ["u32", "bpf"]);
	assert.equal(found[0]?.protocol, 0x0800);
	assert.equal(found[0]?.programId, 0);
});

test("detaching takes ours and leaves theirs", () => {
	addon.tcHookCreate(ifindex);
	const theirs = returning(-1);
	addon.tcAttach(theirs, { ...place, priority: 9 });
	addon.tcAttach(returning(-1), place);
	assert.equal(addon.tcDetach(place), true);
	assert.equal(addon.tcDetach(place), false);
	assert.deepEqual(
		addon.tcFilters(ifindex, "ingress").map(({ programId }) => programId),
		[theirs.info.id],
	);
});

test("without the hook there are no filters, and none can be attached", () => {
	assert.deepEqual(addon.tcFilters(ifindex, "ingress"), []);
	assert.equal(addon.tcDetach(place), false);
	assert.throws(() => addon.tcAttach(returning(-1), place), { name: "BpfError" });
});

test("a device that does not exist is ENODEV, and named", () => {
	const missing = { code: "ENODEV", object: "device 9999" };
	assert.throws(() => addon.tcHookCreate(9999), missing);
	assert.throws(() => addon.tcHookDestroy(9999), missing);
	assert.throws(() => addon.tcAttach(returning(-1), { ...place, ifindex: 9999 }), missing);
});

test("a handle or priority out of range is a TypeError", () => {
	assert.throws(() => addon.tcDetach({ ...place, handle: 0 }), { name: "TypeError" });
	assert.throws(() => addon.tcDetach({ ...place, priority: 65_536 }), { name: "TypeError" });
});
