import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { SocketHooks } from "../../../src/agent/datapath.ts";
import type { Devices } from "../../../src/agent/devices.ts";
import { Watchman } from "../../../src/agent/watchman.ts";
import type { Addon, NetlinkEvent, Route } from "../../../src/dataplane/addon.ts";
import { silentLogger } from "../../../src/log.ts";
import { HealthState } from "../../../src/serve/health.ts";
import { until } from "../../lib/until.ts";

/** A watchman over devices and hooks that do as they are told, and the health that it tells. */
function watched(t: TestContext, parts: { devices?: object; sockets?: Partial<SocketHooks> }) {
	const health = new HealthState(["IPv4"], 60_000);
	health.noteSync();
	const nothing = async () => {};
	const idle = { failures: new Map(), served: [], repair: nothing, refresh: nothing };
	const devices = {
		...idle,
		judge: nothing,
		attachMissing: nothing,
		...parts.devices,
	} as unknown as Devices;
	const sockets = { attach() {}, repair: async () => [], ...parts.sockets };
	let told: (events: readonly NetlinkEvent[]) => void = () => {};
	const addon = {
		NetlinkMonitor: class {
			constructor(_topics: unknown, onEvents: typeof told) {
				told = onEvents;
			}
			close() {}
		},
	} as unknown as Addon;
	const watchman = new Watchman({ addon, devices, sockets, health, log: silentLogger() });
	t.after(() => watchman.stop());
	return { watchman, health, tell: (event: NetlinkEvent) => told([event]) };
}

/** Resolves after the repair has run that many times since now. */
function repairs(count: number) {
	let left = count;
	let done = () => {};
	const seen = new Promise<void>((resolve) => {
		done = resolve;
	});
	const repair = async () => {
		if (--left === 0) done();
	};
	return { repair, seen };
}

test("socket hooks that cannot be attached stay a problem until they can", async (t) => {
	const { repair, seen } = repairs(3);
	let refused = true;
	let attached = 0;
	const attach = () => {
		if (refused) throw new Error("cgroup attach: EPERM");
		attached++;
	};
	const { watchman, health } = watched(t, { devices: { repair }, sockets: { attach } });
	await watchman.start();
	await seen;
	assert.deepEqual(health.problems, [{ part: "sockets", reason: "cgroup attach: EPERM" }]);
	refused = false;
	await until("the hooks are attached in another attempt", () => health.healthy);
	assert.equal(attached, 1);
});

test("a look at the network that fails stays a problem and is taken again", async (t) => {
	const { repair, seen } = repairs(3);
	let refused = true;
	const refresh = async () => {
		if (refused) throw new Error("netlink dump: EINTR");
	};
	const { watchman, health } = watched(t, { devices: { refresh, repair } });
	await watchman.start();
	await seen;
	assert.deepEqual(health.problems, [{ part: "network", reason: "netlink dump: EINTR" }]);
	refused = false;
	await until("the network was looked at again", () => health.healthy);
});

test("a device without programs is a problem as long as it has none", async (t) => {
	const failures = new Map([["lxc1", "tc attach: EINVAL"]]);
	const { repair, seen } = repairs(3);
	const { watchman, health } = watched(t, { devices: { failures, repair } });
	await watchman.start();
	await seen;
	assert.deepEqual(health.problems, [{ part: "devices", reason: "lxc1: tc attach: EINVAL" }]);
	failures.clear();
	await until("the device has its programs", () => health.healthy);
});

test("a devices map that cannot be written stays a problem between two attempts", async (t) => {
	const { repair, seen } = repairs(30);
	const judge = async () => {
		throw new Error("map update: ENOMEM");
	};
	const { watchman, health } = watched(t, { devices: { judge, repair } });
	await watchman.start();
	await until("the map was written in vain", () => !health.healthy);
	await seen;
	assert.deepEqual(health.problems, [{ part: "redirecting", reason: "map update: ENOMEM" }]);
});

test("the network is looked at again for default routes, not for the others of a router", async (t) => {
	let looks = 0;
	const refresh = async () => {
		looks++;
	};
	const { watchman, tell } = watched(t, { devices: { refresh } });
	await watchman.start();
	const route = (prefixLength: number) =>
		({ kind: "route", removed: false, route: { prefixLength } as Route }) as const;
	const hear = async (prefixLength: number) => {
		tell(route(prefixLength));
		for (let turn = 0; turn < 5; turn++) await setImmediate();
		return looks;
	};
	assert.equal(await hear(26), 1);
	assert.equal(await hear(0), 2);
	assert.equal(await hear(26), 2);
});
