import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { endpoint, nodeAddress, OUTSIDE_CLIENT, WIRE } from "../lib/net/addresses.ts";
import { until } from "../lib/net/command.ts";
import { Lab, type LabOptions } from "../lib/net/lab.ts";
import { ask, sendRaw, serve } from "../lib/net/traffic.ts";

const PORT = 8080;
const SYN_FIN = 0x03;

const VARIANTS: Readonly<Record<string, LabOptions>> = {
	"routed pods": { pods: { a: 1, b: 1 } },
	"bridged pods": { pods: { a: 1, b: 1 }, network: "bridged" },
	"two nodes with a VXLAN between them": { pods: { a: 1, b: 2 }, nodes: 2, between: "vxlan" },
	"pods without checksum offload": { pods: { a: 1, b: 1 }, txChecksum: false },
};

for (const [name, options] of Object.entries(VARIANTS)) {
	describe(`a lab with ${name}`, () => {
		let lab: Lab;
		before(() => {
			lab = Lab.create(options);
		});
		after(() => lab.close());

		it("carries TCP and UDP of both families from pod to pod without moving a guard", async () => {
			const [a, b] = [lab.pod("a"), lab.pod("b")];
			await serve(b.place, "b", PORT);
			lab.guards.reset();
			for (const protocol of ["TCP", "UDP"] as const) {
				for (const family of ["v4", "v6"] as const) {
					const target = { address: b.address[family], port: PORT, protocol };
					const answer = await ask(a.place, target);
					assert.equal(answer.server, "b", JSON.stringify(answer));
					assert.ok(answer.seen?.includes(a.address[family]), `${answer.seen}`);
				}
			}
			lab.guards.check();
		});
	});
}

describe("the guards of a lab", () => {
	let lab: Lab;
	before(() => {
		lab = Lab.create({ pods: { a: 1, b: 1 } });
	});
	after(() => lab.close());

	async function grows(counter: string): Promise<void> {
		await until(`${counter} grows`, () =>
			lab.guards.grown().some((line) => line.startsWith(counter)) ? true : undefined,
		);
		assert.throws(() => lab.guards.check(), new RegExp(counter));
	}

	it("fail when nf_conntrack calls a forwarded packet invalid", async () => {
		lab.guards.reset();
		const [a, b] = [lab.pod("a"), lab.pod("b")];
		const [from, to] = [endpoint(a.address.v4, 1000), endpoint(b.address.v4, PORT)];
		sendRaw(a.place, { from, to, flags: SYN_FIN });
		await grows("node1 invalid_forward");
	});

	it("fail when nf_conntrack calls a packet to the node invalid", async () => {
		lab.guards.reset();
		const a = lab.pod("a");
		const to = endpoint(nodeAddress(1).v4, PORT);
		sendRaw(a.place, { from: endpoint(a.address.v4, 1000), to, flags: SYN_FIN });
		await grows("node1 invalid_input");
	});

	it("fail when nf_conntrack calls a packet of the node invalid", async () => {
		lab.guards.reset();
		const to = endpoint(WIRE.v4, PORT);
		const { place } = lab.node(1);
		assert.throws(() =>
			sendRaw(place, { from: endpoint(nodeAddress(1).v4, 1000), to, flags: SYN_FIN }),
		);
		await grows("node1 invalid_output");
	});

	it("fail when a packet comes in where its source is not routed to", async () => {
		lab.guards.reset();
		const to = endpoint(lab.pod("b").address.v4, PORT);
		sendRaw(lab.pod("a").place, { from: "203.0.113.9:1000", to, udp: true });
		await grows("node1 TcpExt.IPReversePathFilter");
	});

	it("fail when an IPv6 packet comes in where its source is not routed to", async () => {
		lab.guards.reset();
		const [a, b] = [lab.pod("a"), lab.pod("b")];
		a.place.ip([
			"addr add fd00:dead::1/128 dev eth0 nodad",
			"route replace ::/0 via fe80::1 dev eth0 src fd00:dead::1",
		]);
		await ask(a.place, { address: b.address.v6, port: PORT, protocol: "UDP" }, { timeoutMs: 50 });
		a.place.ip(["addr del fd00:dead::1/128 dev eth0"]);
		await grows("node1 reverse_path6");
	});

	it("fail when a packet comes in that claims to be from the node itself", async () => {
		lab.guards.reset();
		const from = endpoint(nodeAddress(1).v4, 1000);
		sendRaw(lab.pod("a").place, { from, to: endpoint(lab.pod("b").address.v4, PORT), udp: true });
		await grows("node1 own_source");
	});

	it("fail when the kernel logs a martian", async () => {
		lab.guards.reset();
		const from = endpoint(nodeAddress(1).v4, 1000);
		await until("a martian in the kernel log", () => {
			sendRaw(lab.pod("a").place, { from, to: endpoint(lab.pod("b").address.v4, PORT), udp: true });
			return lab.guards.grown().some((line) => line.startsWith("kernel log")) ? true : undefined;
		});
		assert.throws(() => lab.guards.check(), /kernel log: martians/);
	});

	it("fail when a packet comes in from 127.0.0.0/8", async () => {
		lab.guards.reset();
		const { client } = lab;
		const node = { address: nodeAddress(1).v4, port: PORT, protocol: "UDP" } as const;
		assert.equal((await ask(client, node)).error, "ECONNREFUSED", "resolves the neighbour");
		client.sysctl({ "net/ipv4/conf/all/route_localnet": 1 });
		sendRaw(client, { from: "127.0.0.9:1000", to: endpoint(nodeAddress(1).v4, PORT), udp: true });
		await grows("node1 loopback_source");
	});

	for (const udp of [true, false]) {
		it(`fail when a ${udp ? "UDP" : "TCP"} checksum is wrong`, async () => {
			lab.guards.reset();
			const from = endpoint(OUTSIDE_CLIENT.v4, 1000);
			sendRaw(lab.client, { from, to: endpoint(WIRE.v4, PORT), udp, badChecksum: true });
			await grows(`wire ${udp ? "Udp" : "Tcp"}.InCsumErrors`);
		});
	}
});
