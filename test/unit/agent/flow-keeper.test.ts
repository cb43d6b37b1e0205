import assert from "node:assert/strict";
import { test } from "node:test";
import { Expiry } from "../../../src/agent/expiry.ts";
import { FlowKeeper } from "../../../src/agent/flow-keeper.ts";
import { FlowMender } from "../../../src/agent/flow-mender.ts";
import { fakeMap, MAP_TYPE } from "../../../src/dataplane/fake.ts";
import { Control, Flow, FlowKey, Settings } from "../../../src/layout/structs.ts";
import { createLogger } from "../../../src/log.ts";
import { Movers } from "../../../src/plan/movers.ts";

const log = await createLogger({ verbosity: 0, pretty: false });

function map(name: string, type: number, keySize: number, valueSize: number) {
	const flags = type === MAP_TYPE.ARRAY ? 1 << 10 : 0;
	return fakeMap({ name, type, keySize, valueSize, maxEntries: 1, flags });
}

function expiry(onPass: () => void): Expiry {
	return new Expiry({
		flows: map("flows", MAP_TYPE.HASH, FlowKey.SIZE, Flow.SIZE),
		overflow: map("overflow", MAP_TYPE.LRU_HASH, FlowKey.SIZE, Flow.SIZE),
		control: map("control", MAP_TYPE.ARRAY, 4, Control.SIZE),
		settings: map("settings", MAP_TYPE.ARRAY, 4, Settings.SIZE),
		now: () => 0n,
		observe: () => {
			onPass();
			return { see: () => undefined, end: () => undefined };
		},
		reap: () => 0,
	});
}

const timers = (): number =>
	process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("an agent that is told to end while it attaches is not kept alive by the expiry of flows", () => {
	const before = timers();
	const keeper = new FlowKeeper({
		expiry: expiry(() => assert.fail("a pass began")),
		onPass: () => undefined,
		mender: new FlowMender({ movers: new Movers(new Map()), reap: () => undefined }),
		log,
	});
	keeper.stop();
	keeper.start();
	const after = timers();
	keeper.stop();
	assert.equal(after, before);
});
