import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "../../../src/model/objects.ts";
import { endpoint, gone, service, slice } from "../../lib/objects.ts";
import { Agent, NODE, smallMaps } from "./lib.ts";
import { lookup, type Outcome } from "./lookup.ts";

const VIP = "10.96.0.1";
const http = ["http:80/TCP"] as const;
const pods = ["http:8080/TCP"] as const;

interface Case {
	readonly name: string;
	readonly before: readonly Change[];
	readonly change: readonly Change[];
	/** What a lookup may see, in this order and nothing else. */
	readonly outcomes: readonly Outcome[];
	readonly vip?: string;
	readonly port?: number;
	readonly proto?: number;
}

const web = service("web", VIP, http);
const two = slice("web-a", pods, ["10.0.0.1", "10.0.0.2"]);
const local = { nodeName: NODE };

const twoPorts = slice("web-a", ["a:8080/TCP", "b:8081/TCP"], ["10.0.0.1"]);

const CASES: readonly Case[] = [
	{
		name: "a new Service is not found, then complete",
		before: [],
		change: [web, two],
		outcomes: ["miss", "10.0.0.1:8080 10.0.0.2:8080"],
	},
	{
		name: "a removed Service is complete, then not found",
		before: [web, two],
		change: [gone(web), gone(two)],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "miss"],
	},
	{
		name: "a set of endpoints is replaced as a whole",
		before: [web, two],
		change: [slice("web-a", pods, ["10.0.0.3", "10.0.0.4", "10.0.0.5"])],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.3:8080 10.0.0.4:8080 10.0.0.5:8080"],
	},
	{
		name: "one endpoint more",
		before: [web, two],
		change: [slice("web-a", pods, ["10.0.0.1", "10.0.0.2", "10.0.0.3"])],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080"],
	},
	{
		name: "one endpoint less",
		before: [web, two],
		change: [slice("web-a", pods, ["10.0.0.2"])],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.2:8080"],
	},
	{
		name: "the last endpoint goes: the next packet is rejected",
		before: [web, two],
		change: [gone(two)],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "reject"],
	},
	{
		name: "the first endpoint comes",
		before: [web],
		change: [two],
		outcomes: ["reject", "10.0.0.1:8080 10.0.0.2:8080"],
	},
	{
		name: "internalTrafficPolicy becomes Local",
		before: [web, slice("web-a", pods, ["10.0.0.1", endpoint("10.0.0.2", local)])],
		change: [service("web", VIP, http, { internalTrafficPolicy: "Local" })],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.2:8080"],
	},
	{
		name: "internalTrafficPolicy becomes Cluster again",
		before: [
			service("web", VIP, http, { internalTrafficPolicy: "Local" }),
			slice("web-a", pods, ["10.0.0.1", endpoint("10.0.0.2", local)]),
		],
		change: [web],
		outcomes: ["10.0.0.2:8080", "10.0.0.1:8080 10.0.0.2:8080"],
	},
	{
		name: "internalTrafficPolicy becomes Local and all endpoints are elsewhere",
		before: [web, two],
		change: [service("web", VIP, http, { internalTrafficPolicy: "Local" })],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "drop"],
	},
	{
		name: "internalTrafficPolicy is Local and the first endpoint comes, a local one",
		before: [service("web", VIP, http, { internalTrafficPolicy: "Local" })],
		change: [slice("web-a", pods, [endpoint("10.0.0.2", local)])],
		outcomes: ["reject", "10.0.0.2:8080"],
	},
	{
		name: "internalTrafficPolicy is Local and the last endpoint goes, a local one",
		before: [
			service("web", VIP, http, { internalTrafficPolicy: "Local" }),
			slice("web-a", pods, [endpoint("10.0.0.2", local)]),
		],
		change: [slice("web-a", pods, [])],
		outcomes: ["10.0.0.2:8080", "reject"],
	},
	{
		name: "a port gets another name and its endpoints with it",
		before: [web, two],
		change: [
			service("web", VIP, ["main:80/TCP"]),
			slice("web-a", ["main:8080/TCP"], ["10.0.0.1", "10.0.0.2"]),
		],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080"],
	},
	{
		name: "another Service takes the address over",
		before: [web, two],
		change: [gone(web), gone(two), service("heir", VIP, http), slice("heir-a", pods, ["10.0.0.9"])],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.9:8080"],
	},
	{
		name: "another Service takes the address over in exchange for its own",
		before: [web, two, service("next", "10.96.0.3", http), slice("next-a", pods, ["10.0.0.9"])],
		change: [service("web", "10.96.0.3", http), service("next", VIP, http)],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.9:8080"],
	},
	{
		name: "the other of two Services that exchange their addresses",
		before: [web, two, service("next", "10.96.0.3", http), slice("next-a", pods, ["10.0.0.9"])],
		change: [service("web", "10.96.0.3", http), service("next", VIP, http)],
		outcomes: ["10.0.0.9:8080", "10.0.0.1:8080 10.0.0.2:8080"],
		vip: "10.96.0.3",
	},
	{
		name: "a Service that sorts first claims the address",
		before: [web, two],
		change: [service("aaa", VIP, http), slice("aaa-a", pods, ["10.0.0.9"])],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.9:8080"],
	},
	{
		name: "an endpoint moves to another slice and to another port",
		before: [web, two],
		change: [slice("web-a", pods, ["10.0.0.1"]), slice("web-b", ["http:9090/TCP"], ["10.0.0.2"])],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.1:8080 10.0.0.2:9090"],
	},
	{
		name: "an endpoint terminates while another is ready",
		before: [web, two],
		change: [
			slice("web-a", pods, ["10.0.0.1", endpoint("10.0.0.2", { ready: false, terminating: true })]),
		],
		outcomes: ["10.0.0.1:8080 10.0.0.2:8080", "10.0.0.1:8080"],
	},
	{
		name: "a UDP set is replaced",
		before: [service("dns", VIP, ["dns:53/UDP"]), slice("dns-a", ["dns:5353/UDP"], ["10.0.0.1"])],
		change: [slice("dns-a", ["dns:5353/UDP"], ["10.0.0.2"])],
		outcomes: ["10.0.0.1:5353", "10.0.0.2:5353"],
		port: 53,
		proto: 17,
	},
	{
		name: "two ports of a Service exchange their numbers",
		before: [service("web", VIP, ["a:80/TCP", "b:81/TCP"]), twoPorts],
		change: [service("web", VIP, ["a:81/TCP", "b:80/TCP"])],
		outcomes: ["10.0.0.1:8080", "10.0.0.1:8081"],
	},
	{
		name: "the other of two ports of a Service that exchange their numbers",
		before: [service("web", VIP, ["a:80/TCP", "b:81/TCP"]), twoPorts],
		change: [service("web", VIP, ["a:81/TCP", "b:80/TCP"])],
		outcomes: ["10.0.0.1:8081", "10.0.0.1:8080"],
		port: 81,
	},
	{
		name: "IPv6",
		before: [service("web", "fd00::1", http), slice("web-a", pods, ["fd01::1"])],
		change: [slice("web-a", pods, ["fd01::2"])],
		outcomes: ["fd01::1:8080", "fd01::2:8080"],
		vip: "fd00::1",
	},
];

for (const one of CASES) {
	test(`after every single write a lookup sees the old or the new: ${one.name}`, async () => {
		const agent = await Agent.start(smallMaps(), one.before);
		const stories = [new Story(agent, one, 0), new Story(agent, one, 1)];
		agent.after = () => {
			for (const story of stories) story.look();
		};
		const writes = await agent.sync(one.change);
		assert.ok(writes > 0);
		for (const story of stories) assert.deepEqual(story.outcomes, one.outcomes);
		assert.equal(await agent.sync(), 0);
	});
}

/** What lookups in one scope saw, without repetitions. */
class Story {
	readonly outcomes: Outcome[] = [];
	readonly #look: () => Outcome;

	constructor(agent: Agent, { vip = VIP, port = 80, proto = 6 }: Case, scope: number) {
		this.#look = () => lookup(agent.maps, vip, { port, proto, scope });
		this.look();
	}

	look(): void {
		const outcome = this.#look();
		if (this.outcomes.at(-1) !== outcome) this.outcomes.push(outcome);
	}
}
