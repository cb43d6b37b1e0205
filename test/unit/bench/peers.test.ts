import assert from "node:assert/strict";
import { test } from "node:test";

import { isMeasured } from "../../../bench/lib/figure.ts";
import { chainOrder, nearest } from "../../../bench/peers/chain.ts";
import { clusterObjects } from "../../../bench/peers/objects.ts";
import { rateOutcomes, type Series, streamOutcomes } from "../../../bench/peers/outcomes.ts";

const LISTING = `-N KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.1.7/32 -p tcp -m comment --comment "default/bench-7:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-AAAA
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-BBBB
-A KUBE-SERVICES -d 10.96.1.2/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-CCCC
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
`;

test("the order of kube-proxy's rules is read with and without comments", () => {
	assert.deepEqual(chainOrder(LISTING), ["10.96.1.7:80", "10.96.0.1:443", "10.96.1.2:80"]);
});

test("the Service nearest to a place in the order is found, and those without a rule are not", () => {
	const order = ["a", "b", "c", "d", "e"];
	assert.deepEqual(nearest(order, ["a", "d"], 1), { target: "d", place: 3 });
	assert.deepEqual(nearest(order, ["a", "d"], 0.25), { target: "a", place: 0 });
	assert.throws(() => nearest(order, ["x"], 1), RangeError);
});

test("a cluster has exactly the Services asked for, and each node one that leads to it", () => {
	for (const services of [7, 10, 1000]) {
		const servers = Array.from({ length: 7 }, (_, index) => `10.1.${index + 1}.3`);
		const { objects, own } = clusterObjects(services, servers);
		assert.equal(objects.filter(({ kind }) => kind === "Service").length, services);
		assert.equal(objects.filter(({ kind }) => kind === "EndpointSlice").length, services);
		const targets = own.flatMap(({ connections }) => connections);
		assert.equal(new Set(targets).size, targets.length);
		for (const { connections, stream } of own) {
			assert.ok(connections.length > 0 && connections.length <= Math.max(1, services / 4));
			assert.equal(stream.split(":")[0], connections[0]?.split(":")[0]);
		}
	}
	assert.throws(() => clusterObjects(1, ["10.1.1.3", "10.1.2.3"]), RangeError);
});

const ROUNDS = 7;

function series(name: string, value: number, place = ""): Series {
	return { name, place, note: "", values: Array.from({ length: ROUNDS }, () => value) };
}

test("each path is compared with direct and with every peer, and each peer with direct", () => {
	const outcomes = rateOutcomes(
		[
			...[series("direct", 100), series("socket", 99), series("redirect", 106)],
			...[series("stack", 94), series("kube-proxy nftables", 80)],
			series("kube-proxy iptables-legacy", 50, "last rule"),
			series("kube-proxy iptables-legacy", 66, "middle rule"),
		],
		1000,
	);
	const rows = outcomes.map((one) => {
		const value = isMeasured(one) ? one.value.toFixed(2) : "none";
		return [one.id, one.variant ?? "", one.peer, value].join(" | ");
	});
	assert.deepEqual(rows, [
		"D1 |  | direct | 0.99",
		"D2 |  | direct | 1.06",
		"D3 |  | direct | 0.94",
		"D5 | socket | kube-proxy nftables | 1.24",
		"D5 | redirect | kube-proxy nftables | 1.32",
		"D5 | stack | kube-proxy nftables | 1.18",
		"D5 | kube-proxy nftables | direct | 0.80",
		"D4 | socket, last rule | kube-proxy iptables-legacy | 1.98",
		"D4 | redirect, last rule | kube-proxy iptables-legacy | 2.12",
		"D4 | stack, last rule | kube-proxy iptables-legacy | 1.88",
		"D4 | kube-proxy iptables-legacy, last rule | direct | 0.50",
		"D4 | socket, middle rule | kube-proxy iptables-legacy | 1.50",
		"D4 | kube-proxy iptables-legacy, middle rule | direct | 0.66",
	]);
});

test("streams are compared with direct, which must be there", () => {
	const [row] = streamOutcomes([series("stack", 19), series("direct", 20)], 10);
	assert.ok(row && isMeasured(row));
	assert.deepEqual([row.id, row.variant, row.value, row.services], ["D6", "stack", 0.95, 10]);
	assert.throws(() => streamOutcomes([series("stack", 19)], 10), /without a Service/);
});
