import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { BpfMap } from "../../src/dataplane/addon.ts";
import { reap } from "../../src/dataplane/reaper.ts";
import {
	Flow,
	FlowFlag,
	FlowHook,
	FlowKey,
	FlowState,
	FlowWay,
	PreviousFlows,
} from "../../src/layout/structs.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, toEndpoint, useWorld } from "./lib/setup.ts";

const ENTRIES = 64;

/** Entries of a flow table as bytes in hex, by key. */
function entriesOf(map: BpfMap): Record<string, string> {
	const { keys, values, count } = map.lookupBatch(undefined, ENTRIES);
	const hex = (bytes: Uint8Array, size: number, at: number) =>
		Buffer.from(bytes.subarray(at * size, (at + 1) * size)).toString("hex");
	return Object.fromEntries(
		Array.from({ length: count }, (_, i) => [
			hex(keys, FlowKey.SIZE, i),
			hex(values, Flow.SIZE, i),
		]),
	);
}

/*
 * The layout that bpf/previous.h knows is that of this release until the next one changes struct flow:
 * the bytes must be the same in both tables.
 */
describe("the flow table of the release before", () => {
	const world = useWorld({ previousFlows: ENTRIES });
	beforeEach(() => empty(world().previousFlows));

	forBothFamilies("while links are switched, or afterwards", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;
		/** A flow that only the release before knows. */
		const leave = (changes: Partial<Flow>): Record<string, string> => {
			world().set({ previous: PreviousFlows.PREVIOUS_NONE });
			world().serve(vip, [backend]);
			world().run("tc_ingress", "client", toEndpoint(family, vip));
			for (const entry of world().flows()) world().updateFlow(entry, changes);
			const left = entriesOf(world().map("flows"));
			assert.equal(Object.keys(left).length, 2);
			move(world().map("flows"), world().previousFlows);
			return left;
		};

		test("gets new flows with all they have, so that its programs translate their replies", () => {
			world().set({ previous: PreviousFlows.PREVIOUS_SHARED });
			world().serve(vip, [backend]);
			world().run("tc_egress", "uplink", toEndpoint(family, vip));
			assert.ok(
				world()
					.flows()
					.every(({ value }) => value.socket !== 0),
			);
			const flows = entriesOf(world().map("flows"));
			assert.equal(Object.keys(flows).length, 2);
			assert.deepEqual(entriesOf(world().previousFlows), flows);
		});

		test("lends its flows to packets with all they have, and keeps them", () => {
			const socket = 0x51525354;
			const left = leave({ socket });
			world().set({ previous: PreviousFlows.PREVIOUS_SHARED });
			const request = toEndpoint(family, vip, { flags: "A" });
			const { packet } = world().run("tc_ingress", "client", request);
			assertPacket(packet, { dst: backend.address, dport: backend.port });
			assert.deepEqual(
				world()
					.flows()
					.map(({ value }) => value.socket),
				[socket, socket],
			);
			assert.deepEqual(entriesOf(world().previousFlows), left);
		});

		test("is emptied by the reaper, which moves flows with all they have", () => {
			assert.deepEqual(Object.keys(Flow.OFFSET).sort(), [...KNOWN, ...Object.keys(FILLED)].sort());
			const left = leave(FILLED);
			world().set({ previous: PreviousFlows.PREVIOUS_DRAIN });
			const { keys, count } = world().previousFlows.lookupBatch(undefined, ENTRIES);
			reap(world().program("reap"), keys, count, "move");
			assert.deepEqual(entriesOf(world().map("flows")), left);
			assert.deepEqual(entriesOf(world().previousFlows), {});
		});
	});
});

/** Fields that a flow's first packet fills, and that the key of its other entry follows from. */
const KNOWN = ["src", "dst", "sport", "dport", "last_seen", "created"] as const;

/** Something in each of the others. */
const FILLED = {
	ifindex: 0x01020304,
	service: 0x11121314,
	backend: 3,
	backend_generation: 0x21222324,
	tried: 0x31323334,
	hook: FlowHook.HOOK_EGRESS,
	way: FlowWay.WAY_INGRESS,
	state: FlowState.FLOW_CLOSED,
	flags: FlowFlag.FLOW_REPLIED,
	dmac: Uint8Array.of(2, 3, 4, 5, 6, 7),
	smac: Uint8Array.of(8, 9, 10, 11, 12, 13),
	mtu: 0x41424344,
	socket: 0x51525354,
} as const;

function empty(map: BpfMap): void {
	const { keys, count } = map.lookupBatch(undefined, ENTRIES);
	map.deleteBatch(keys, count);
}

function move(from: BpfMap, to: BpfMap): void {
	const { keys, values, count } = from.lookupBatch(undefined, ENTRIES);
	for (let i = 0; i < count; i++) {
		const key = keys.slice(i * FlowKey.SIZE, (i + 1) * FlowKey.SIZE);
		to.update(key, values.slice(i * Flow.SIZE, (i + 1) * Flow.SIZE));
	}
	empty(from);
}
