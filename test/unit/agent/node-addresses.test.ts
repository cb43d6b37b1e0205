import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkView } from "../../../src/agent/device-view.ts";
import { addressesOf } from "../../../src/agent/node-addresses.ts";
import type { Link, LinkAddress } from "../../../src/dataplane/addon.ts";

const link = (ifindex: number, name: string) => ({ ifindex, name }) as Link;
const address = (ifindex: number, text: string) => ({ ifindex, address: text }) as LinkAddress;

test("the node has the addresses of its devices, each once, and not those that ipvs mode left", () => {
	const view: NetworkView = {
		links: [link(1, "lo"), link(2, "eth0"), link(3, "kube-ipvs0")],
		addresses: [
			address(1, "127.0.0.1"),
			address(2, "192.168.0.1"),
			address(1, "192.168.0.1"),
			address(3, "10.96.0.10"),
		],
		routes: [],
	};
	assert.deepEqual(addressesOf(view, ["192.168.0.1"]), {
		local: ["127.0.0.1", "192.168.0.1"],
		primary: ["192.168.0.1"],
	});
});
