/** Services that go and others that take their place, within one batch or in any order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gone, service, slice } from "../../lib/objects.ts";
import { Agent, freshDump, smallMaps } from "./lib.ts";
import { lookup } from "./lookup.ts";

const http = ["http:80/TCP"] as const;
const pods = ["http:8080/TCP"] as const;
const web = service("web", "10.96.0.1", http);
const webPods = slice("web-a", pods, ["10.0.0.1"]);

const look = (agent: Agent, address: string, port = 80) =>
	lookup(agent.maps, address, { port, proto: 6, scope: 0 });

test("a Service that is made anew within one batch has its new address only", async () => {
	const anew = service("web", "10.96.0.2", http, { uid: "another" });
	const agent = await Agent.start(smallMaps(), [web, webPods]);
	await agent.sync([gone(web), anew]);
	assert.equal(look(agent, "10.96.0.1"), "miss");
	assert.equal(look(agent, "10.96.0.2"), "10.0.0.1:8080");
	await agent.flowPass();
	assert.equal(agent.dump(), await freshDump([anew, webPods]));
});

test("a cluster IP that passes to another Service leads to that one's endpoints, in either order", async () => {
	const next = service("next", "10.96.0.1", http);
	const arrival = [next, slice("next-a", pods, ["10.0.0.2"])];
	const departure = [gone(web), gone(webPods)];
	for (const steps of [
		[departure, arrival],
		[arrival, departure],
		[[...departure, ...arrival]],
		[[...arrival, ...departure]],
	]) {
		const agent = await Agent.start(smallMaps(), [web, webPods]);
		for (const step of steps) await agent.sync(step);
		assert.equal(look(agent, "10.96.0.1"), "10.0.0.2:8080");
	}
});

test("a renamed port has no endpoints until the slice has the name too", async () => {
	const agent = await Agent.start(smallMaps(), [web, webPods]);
	await agent.sync([service("web", "10.96.0.1", ["main:80/TCP"])]);
	assert.equal(look(agent, "10.96.0.1"), "reject");
	await agent.sync([slice("web-a", ["main:8080/TCP"], ["10.0.0.1"])]);
	assert.equal(look(agent, "10.96.0.1"), "10.0.0.1:8080");
});

test("ports that come and go on a Service are served while they are there", async () => {
	const two = ["http:80/TCP", "admin:81/TCP"] as const;
	const targets = slice("web-a", ["http:8080/TCP", "admin:9090/TCP"], ["10.0.0.1"]);
	const agent = await Agent.start(smallMaps(), [web, targets]);
	assert.equal(look(agent, "10.96.0.1", 81), "miss");
	await agent.sync([service("web", "10.96.0.1", two)]);
	assert.equal(look(agent, "10.96.0.1", 80), "10.0.0.1:8080");
	assert.equal(look(agent, "10.96.0.1", 81), "10.0.0.1:9090");
	await agent.sync([service("web", "10.96.0.1", ["admin:81/TCP"])]);
	assert.equal(look(agent, "10.96.0.1", 80), "miss");
	assert.equal(look(agent, "10.96.0.1", 81), "10.0.0.1:9090");
});

test("of TCP and UDP on one port number each goes alone", async () => {
	const tcp = ["tcp:53/TCP"] as const;
	const udp = ["udp:53/UDP"] as const;
	const dnsPods = slice("dns-a", [...tcp, ...udp], ["10.0.0.1"]);
	const dns = (ports: Parameters<typeof service>[2]) => service("dns", "10.96.0.1", ports);
	const agent = await Agent.start(smallMaps(), [dns([...tcp, ...udp]), dnsPods]);
	const at = (proto: number) => lookup(agent.maps, "10.96.0.1", { port: 53, proto, scope: 0 });
	for (const [ports, seen] of [
		[udp, ["miss", "10.0.0.1:53"]],
		[tcp, ["10.0.0.1:53", "miss"]],
		[
			[...tcp, ...udp],
			["10.0.0.1:53", "10.0.0.1:53"],
		],
	] as const) {
		await agent.sync([dns(ports)]);
		assert.deepEqual([at(6), at(17)], seen);
	}
});

test("of two Services with the same endpoints each goes alone", async () => {
	const copy = service("copy", "10.96.0.2", http);
	const copyPods = slice("copy-a", pods, ["10.0.0.1"]);
	for (const [goes, stays] of [
		[[gone(web), gone(webPods)], "10.96.0.2"],
		[[gone(copy), gone(copyPods)], "10.96.0.1"],
	] as const) {
		const agent = await Agent.start(smallMaps(), [web, webPods, copy, copyPods]);
		await agent.sync(goes);
		assert.equal(look(agent, stays), "10.0.0.1:8080");
	}
});
