// Runs inside a guest: tunnels between nodes that not every machine's kernel has.
import { describe } from "node:test";
import { lacking } from "../../lib/features.ts";
import { describeClusterIP, PACKETS, REDIRECT, STACK } from "../../net/cluster-ip.ts";

describe("devices without Ethernet header", { skip: lacking("ipip") }, () => {
	describeClusterIP({
		"two nodes with IP-in-IP, by packet through the stack": {
			nodes: 2,
			between: "ipip",
			flags: [PACKETS, STACK],
		},
		"two nodes with IP-in-IP, by packet redirected": {
			nodes: 2,
			between: "ipip",
			flags: [PACKETS, REDIRECT],
		},
	});
});

describe("geneve devices", { skip: lacking("geneve") }, () => {
	describeClusterIP({
		"two nodes with geneve, by packet redirected": {
			nodes: 2,
			between: "geneve",
			flags: [PACKETS, REDIRECT],
		},
	});
});
