import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
	const idle = { failures: new Map(), served: [], links: [], repair: nothing, refresh: nothing };
	const devices = {
		...idle,
		judge: nothing,
		attachMissing: nothing,
		...parts.devices,
	} as unknown as Devices;
	const sockets = { attach() {}, repair: async () => [], links: [], ...parts.sockets };
	let detached: () => void = () => {};
	let told: (events: readonly NetlinkEvent[]) => void = () => {};
	const addon = {
		NetlinkMonitor: class {
			constructor(_topics: unknown, onEvents: typeof told) {
				told = onEvents;
			}
			close() {}
		},
		LinkWatch: class {
			constructor(onDetached: () => void) {
				detached = onDetached;
			}
			watch() {}
			close() {}
		},
	} as unknown as Addon;
	const linkPins = mkdtempSync(join(tmpdir(), "sluice-pins-"));
	t.after(() => rmSync(linkPins, { recursive: true }));
	const onEvents = () => {};
	const watchman = new Watchman({
		addon,
		devices,
		sockets,
		linkPins,
		health,
		onEvents,
		log: silentLogger(),
	});
	t.after(() => watchman.stop());
	return {
		...{ watchman, health, linkPins, detach: () => detached() },
		tell: (event: NetlinkEvent) => told([event]),
	};
}

/** A step that fails until it is mended, and resolves `tried` at its third attempt. */
function failing(message: string) {
	let attempts = 0;
	let mended = false;
	let done = () => {};
	const tried = new Promise<void>((resolve) => {
		done = resolve;
	});
	const step = () => {
		if (++attempts === 3) done();
		if (!mended) throw new Error(message);
	};
	const mend = () => {
		mended = true;
	};
	return { step, tried, mend };
}

test("socket hooks that cannot be attached stay a problem until they can", async (t) => {
	const { step, tried, mend } = failing("cgroup attach: EPERM");
	const { watchman, health } = watched(t, { sockets: { attach: step } });
	await watchman.start();
	await tried;
	assert.deepEqual(health.problems, [{ part: "sockets", reason: "cgroup attach: EPERM" }]);
	mend();
	await until("the hooks are attached in another attempt", () => health.healthy);
});

test("a look at the network that fails stays a problem and is taken again", async (t) => {
	const { step, tried, mend } = failing("netlink dump: EINTR");
	const { watchman, health } = watched(t, { devices: { refresh: async () => step() } });
	await watchman.start();
	await tried;
	assert.deepEqual(health.problems, [{ part: "network", reason: "netlink dump: EINTR" }]);
	mend();
	await until("the network was looked at again", () => health.healthy);
});

test("a device without programs is a problem as long as it has none", async (t) => {
	const failures = new Map([["lxc1", "tc attach: EINVAL"]]);
	const { watchman, health, tell } = watched(t, { devices: { failures } });
	await watchman.start();
	for (let told = 0; told < 3; told++) {
		tell({ kind: "filters-removed", ifindex: 1 });
		for (let turn = 0; turn < 5; turn++) await setImmediate();
	}
	assert.deepEqual(health.problems, [{ part: "devices", reason: "lxc1: tc attach: EINVAL" }]);
	failures.clear();
	tell({ kind: "filters-removed", ifindex: 1 });
	await until("the device has its programs", () => health.healthy);
});

test("a devices map that cannot be written stays a problem between two attempts", async (t) => {
	const judge = async () => {
		throw new Error("map update: ENOMEM");
	};
	let repairs = 0;
	const repair = async () => {
		repairs++;
	};
	const { watchman, health, detach } = watched(t, { devices: { judge, repair } });
	await watchman.start();
	await until("the map was written in vain", () => !health.healthy);
	detach();
	await until("the devices were looked at", () => repairs > 0);
	assert.deepEqual(health.problems, [{ part: "redirecting", reason: "map update: ENOMEM" }]);
});

test("only devices that lost a filter are looked at, all when a link or a pin is gone", async (t) => {
	const looks: (readonly number[] | "all")[] = [];
	let sockets = 0;
	const { watchman, tell, detach, linkPins } = watched(t, {
		devices: {
			repair: async (only?: ReadonlySet<number>) => {
				looks.push(only === undefined ? "all" : [...only]);
			},
		},
		sockets: {
			repair: async () => {
				sockets++;
				return [];
			},
		},
	});
	await watchman.start();
	tell({ kind: "filters-removed", ifindex: 7 });
	tell({ kind: "filters-removed", ifindex: 8 });
	await until("both devices were looked at", () => looks.flat().includes(8));
	assert.deepEqual([...new Set(looks.flat())], [7, 8]);
	assert.equal(sockets, 0);
	detach();
	await until("everything was looked at", () => looks.includes("all") && sockets === 1);
	looks.length = 0;
	writeFileSync(join(linkPins, "pin"), "");
	await until("everything was looked at for the pin", () => looks.includes("all"));
});

test("a link that is detached during a look at all is looked at once more", async (t) => {
	let looks = 0;
	let seen = () => {};
	const { watchman, detach } = watched(t, {
		devices: {
			repair: async () => {
				if (++looks === 1) seen();
			},
		},
	});
	await watchman.start();
	seen = detach;
	detach();
	await until("there was a second look", () => looks === 2);
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
