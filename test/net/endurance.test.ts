import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { endpoint } from "../lib/net/addresses.ts";
import type { Agent } from "../lib/net/agent.ts";
import { Cluster, type ClusterOptions, type ClusterService, FAMILIES } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import type { LabPod } from "../lib/net/pod.ts";
import type { RunningProcess } from "../lib/net/process.ts";
import { Conversation, flood, Load, type LoadResult } from "../lib/net/traffic.ts";
import { askers, assertAnswered, assertPeer } from "./checks.ts";
import { assertNoneFailed } from "./under-load.ts";

/** Longer than every timeout below, the longest of which is 3 s. */
const OUTAGE_MS = 8000;
const TIMEOUTS = [
	"--conntrack-tcp-timeout-established=3s",
	"--conntrack-tcp-timeout-close-wait=1s",
	"--conntrack-udp-timeout=1s",
	"--conntrack-udp-timeout-stream=2s",
	"--flow-timeouts=tcp-syn=1s,tcp-closed=1s,icmp=1s",
];
/** Two entries for each connection; overflow has its least, 1024. */
const FLOWS = 512;
const HALF_OPEN = 64;
const REDIRECT = "--forwarding=redirect";
const FLOOD = { count: 4000, intervalUs: 1500 };

const LONG = process.env.SLUICE_TEST_LONG === "1";

interface Variant extends Pick<ClusterOptions, "network"> {
	readonly flags: readonly string[];
	readonly flows: number;
}

/** Flags, and entries of flows that are filled: sockets need none, floods only up to their cap. */
const VARIANTS: Readonly<Record<string, Variant>> = {
	"through the stack": { flags: ["--socket-lb=off", "--forwarding=stack"], flows: FLOWS },
	redirected: { flags: ["--socket-lb=off", REDIRECT], flows: FLOWS },
	"by socket": { flags: [], flows: HALF_OPEN * 2 },
	...(LONG
		? {
				"of bridged pods": { network: "bridged", flags: ["--socket-lb=off"], flows: FLOWS },
				"of bridged pods, by socket": { network: "bridged", flags: [], flows: HALF_OPEN * 2 },
			}
		: {}),
};
/**
 * Backends go on answering the SYNs of flows that overflow has forgotten. Those answers take the
 * stack, where nf_conntrack has seen nothing of flows that were redirected.
 */
const LATE_ANSWERS = /^node1 invalid_forward/;
const NOTHING = /^$/;

interface Fill {
	readonly flows: number;
	readonly overflow: number;
	readonly overflowInUse: boolean;
	readonly halfOpen: number;
}

interface Status {
	readonly halfOpenFlows: number;
	readonly overflowInUse: boolean;
	readonly maps: readonly { readonly name: string; readonly used?: number }[];
}

function fill(agent: Agent): Fill {
	const status: Status = JSON.parse(agent.sluice(["status", "-o", "json"]));
	const used = (name: string) => status.maps.find((map) => map.name === name)?.used ?? -1;
	return {
		flows: used("flows"),
		overflow: used("overflow"),
		overflowInUse: status.overflowInUse,
		halfOpen: status.halfOpenFlows,
	};
}

async function untilFill(agent: Agent, want: Fill): Promise<void> {
	let got: Fill | undefined;
	await until(
		"flows and overflow are as they should be",
		() => {
			got = fill(agent);
			return isDeepStrictEqual(got, want) ? true : undefined;
		},
		20_000,
	).catch((error: Error) => assert.deepEqual(got, want, error.message));
}

/** Neither answers what comes in nor resets it, as one whose address was forged would do. */
function silence(pod: LabPod): void {
	pod.place.run(
		["nft", "-f", "-"],
		"table inet silent { chain input { type filter hook input priority filter; meta l4proto tcp drop; }; }",
	);
}

/** What a resolver's clients do: fresh sockets from any port, and from one port again and again. */
async function startLoads(cluster: Cluster, service: ClusterService): Promise<Load[]> {
	const loads: Load[] = [];
	const client = cluster.pod("x").place;
	for (const [index, { family, protocol }] of [...askers(client)].entries()) {
		const target = service.target(family, protocol);
		const ways = [{ fresh: true }, { fresh: false }, { fresh: true, sourcePort: 15_300 + index }];
		for (const way of protocol === "UDP" ? ways : ways.slice(0, 2)) {
			loads.push(await Load.start(client, target, { ...way, intervalUs: 10_000 }));
		}
	}
	return loads;
}

for (const [name, { network, flags, flows }] of Object.entries(VARIANTS)) {
	describe(`an agent that is dead for longer than every timeout, traffic ${name}`, () => {
		const expected = flags.includes(REDIRECT) ? LATE_ANSWERS : NOTHING;
		let cluster: Cluster;
		let agent: Agent;
		let service: ClusterService;
		let silent: ClusterService;
		before(async () => {
			cluster = await Cluster.create({
				...(network ? { network } : {}),
				pods: { a: 1, b: 1, c: 1, x: 1, mute: 1, flooder: 1 },
				flags: [...flags, ...TIMEOUTS, `--max-flows=${FLOWS}`, `--max-half-open=${HALF_OPEN}`],
			});
			for (const pod of ["mute", "flooder"]) silence(cluster.pod(pod));
			[agent] = cluster.agents as [Agent];
			service = await cluster.service("web", ["a", "b", "c"]);
			silent = await cluster.service("silent", ["mute"]);
		});
		beforeEach(() => cluster.lab.guards.reset());
		afterEach(() => {
			const grown = cluster.lab.guards.grown();
			assert.deepEqual(
				grown.filter((line) => !expected.test(line)),
				[],
			);
		});
		after(() => cluster?.close());

		const client = () => cluster.pod("x").place;

		const startFloods = (): RunningProcess[] =>
			[service, silent].map((to, index) =>
				flood(cluster.pod("flooder").place, {
					from: endpoint(cluster.pod("flooder").address.v4, 1024 + index * 10_000),
					to: to.text("v4"),
					...FLOOD,
				}),
			);

		/** Uses what there was before and what is new, once a second. */
		const outage = async (kept: readonly Conversation[]): Promise<void> => {
			const floods = startFloods();
			for (let left = OUTAGE_MS; left > 0; left -= 1000) {
				await elapse(1000);
				for (const one of kept) assertAnswered(await one.ask(), "a connection from before");
				for (const asker of askers(client())) await assertPeer(service, asker);
			}
			for (const one of floods) assert.equal(await one.exit(), 0);
		};

		it("loses nothing, though floods of SYNs fill flows and overflow", async () => {
			const loads = await startLoads(cluster, service);
			const kept = FAMILIES.map(
				(family) => new Conversation(client(), service.target(family, "TCP")),
			);
			for (const one of kept) assertAnswered(await one.ask(), "before");

			await agent.kill();
			await outage(kept);
			const filled = fill(agent);
			assert.ok(filled.flows > flows * 0.9, JSON.stringify(filled));
			assert.ok(filled.overflowInUse && filled.overflow > 500, JSON.stringify(filled));

			await agent.start();
			for (const one of kept) {
				assertAnswered(await one.ask(), "after the agent is back");
				await one.close();
			}
			const results: LoadResult[] = [];
			for (const load of loads) results.push(await load.stop());
			assertNoneFailed(results);
		});

		it("is cleaned up after when the agent is back", async () => {
			await untilFill(agent, { flows: 0, overflow: 0, overflowInUse: false, halfOpen: 0 });
			for (const asker of askers(client())) await assertPeer(service, asker);
		});

		it("is cleaned up after by an agent that lived through the flood, too", async () => {
			for (const one of startFloods()) assert.equal(await one.exit(), 0);
			await untilFill(agent, { flows: 0, overflow: 0, overflowInUse: false, halfOpen: 0 });
		});
	});
}
