import assert from "node:assert/strict";
import { test } from "node:test";
import { Devices } from "../../../src/agent/devices.ts";
import type { Addon, Link } from "../../../src/dataplane/addon.ts";
import type { TcAttacher } from "../../../src/dataplane/attach-tc.ts";
import { fakeMap } from "../../../src/dataplane/fake.ts";
import { BpfError } from "../../../src/errors.ts";
import { MAPS } from "../../../src/layout/structs.ts";
import { silentLogger } from "../../../src/log.ts";

function podDevice(ifindex: number, name: string): Link {
	const shape = { kind: "veth", slaveKind: "", linkNetnsId: 1, flags: 1, type: 1, master: 0 };
	return { ...shape, ifindex, name, mac: "02:00:00:00:00:01", mtu: 1500 } as Link;
}

test("a device that could not be served is no problem any more once it is gone", async () => {
	let links = [podDevice(7, "lxc7")];
	const addon = { links: () => links, addresses: () => [], routes: () => [] };
	const refuse = () => {
		throw new BpfError({ message: "EINVAL", code: "EINVAL", errno: 22, op: "", object: "" });
	};
	const attacher = { attached: [], attach: refuse, rename() {}, prune() {} };
	const devices = new Devices({
		addon: addon as unknown as Addon,
		attacher: attacher as unknown as TcAttacher,
		map: fakeMap(MAPS.devices),
		patterns: { uplinks: [], podDevices: [] },
		judgeRedirect: false,
		log: silentLogger(),
		onView: () => undefined,
	});
	await devices.refresh();
	assert.deepEqual([...devices.failures], [["lxc7", "EINVAL"]]);
	links = [];
	await devices.refresh();
	assert.deepEqual([...devices.failures], []);
});
