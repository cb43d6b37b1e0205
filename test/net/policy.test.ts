import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { lacking } from "../lib/features.ts";
import { Cluster, type ClusterService, POD_PORT } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import type { Lab } from "../lib/net/lab.ts";
import { ask, Conversation, Load } from "../lib/net/traffic.ts";
import { assertAnswered, assertPeer } from "./checks.ts";
import { LONG_PATHS, PACKET_PATHS, PATHS, type Path } from "./paths.ts";

const PROGRAM = fileURLToPath(new URL("../lib/net/foreign-policy.ts", import.meta.url));
const TCX_AT_CLIENT = "a TCX program where the client's packets enter";
const ASK = { timeoutMs: 1000 } as const;

/** Somebody else's rule against packets to the endpoint's port: how it is made and taken back. */
interface Policy {
	add(cluster: Cluster): void;
	remove(cluster: Cluster): void;
	/** Why it cannot be made on this kernel. */
	readonly skip?: string | false;
}

const POLICIES: Readonly<Record<string, Policy>> = {
	"a FORWARD rule": {
		add: ({ lab }) => {
			const rules = `
				table inet foreign {
					chain forward {
						type filter hook forward priority filter
						tcp dport ${POD_PORT} drop
					}
				}
			`;
			lab.node(1).place.run(["nft", "-f", "-"], rules);
		},
		remove: ({ lab }) => {
			lab.node(1).place.run(["nft", "delete", "table", "inet", "foreign"]);
		},
	},
	"a clsact filter where the client's packets enter": clsact("x", "ingress"),
	"a clsact filter where they leave to the endpoint": clsact("a", "egress"),
	[TCX_AT_CLIENT]: tcx("x", "ingress"),
	"a TCX program where they leave to the endpoint": tcx("a", "egress"),
};

/** Attaches the foreign program to the node's end of a pod's device. */
function attach({ lab, pod }: { lab: Lab; pod: string }, hook: string, pin: string): void {
	const argv = [PROGRAM, lab.pod(pod).hostDevice, hook, String(POD_PORT), pin];
	lab.node(1).place.run([process.execPath, ...argv]);
}

function clsact(pod: string, hook: string): Policy {
	return {
		add: ({ lab }) => attach({ lab, pod }, hook, "-"),
		remove: ({ lab }) => {
			const filter = ["dev", lab.pod(pod).hostDevice, hook, "pref", "50000"];
			lab.node(1).place.run(["tc", "filter", "del", ...filter]);
		},
	};
}

function tcx(pod: string, hook: string): Policy {
	const pin = (lab: Lab) => join(dirname(lab.node(1).pinPath), "foreign");
	return {
		add: ({ lab }) => attach({ lab, pod }, hook, pin(lab)),
		remove: ({ lab }) => rmSync(pin(lab)),
		skip: lacking("tcx"),
	};
}

/** TCX programs run before clsact ones: they see a client's packets before these translate them. */
function policiesFor(flags: readonly string[]): [string, Policy][] {
	const all = Object.entries(POLICIES);
	return flags.includes(CLSACT) ? all.filter(([name]) => name !== TCX_AT_CLIENT) : all;
}

const CLSACT = "--tc-attach=clsact";

const LONG = process.env.SLUICE_TEST_LONG === "1";
const [ROUTED, BRIDGED] = PACKET_PATHS as readonly [Path, Path];
/** For each change both ways to attach, each with pods of one kind. */
const POLICED = LONG
	? PATHS.flatMap((path) => [[], [CLSACT]].map((more) => ({ path, more })))
	: [
			{ path: ROUTED, more: [] },
			{ path: BRIDGED, more: [CLSACT] },
		];

for (const { path, more } of POLICED) {
	const flags = [...(path.options.flags ?? []), ...more];
	describe(`policy of others, ${[path.title, ...more].join(", ")}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create({ ...path.options, flags, guarded: false });
			service = await cluster.service("web", ["a"]);
		});
		after(() => cluster?.close());

		const client = () => cluster.pod("x").place;
		const target = () => service.target("v4", "TCP");

		for (const [name, policy] of policiesFor(flags)) {
			it(`${name} stops new flows to the endpoint, whoever addressed them`, {
				skip: policy.skip ?? false,
			}, async () => {
				policy.add(cluster);
				try {
					await until("the service is out of reach", async () =>
						(await ask(client(), target(), ASK)).ok ? undefined : true,
					);
					for (let round = 0; round < 3; round++) {
						assert.equal((await ask(client(), target(), ASK)).error, "ETIMEDOUT");
					}
				} finally {
					policy.remove(cluster);
				}
				await until("the service is back", async () =>
					(await ask(client(), target(), ASK)).ok ? true : undefined,
				);
			});
		}
	});
}

for (const { title, options } of LONG_PATHS) {
	describe(`a POSTROUTING masquerade of others, ${title}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create(options);
			service = await cluster.service("web", ["a", "b", "c"]);
		});
		beforeEach(() => cluster.lab.guards.reset());
		afterEach(() => cluster.lab.guards.check());
		after(() => cluster?.close());

		const masquerade = () =>
			cluster.lab.node(1).place.run(
				["nft", "-f", "-"],
				`table inet foreign {
				chain postrouting {
					type nat hook postrouting priority srcnat
					meta l4proto { tcp, udp } th dport ${POD_PORT} masquerade
				}
			}
			`,
			);

		it("loses nothing when it is added during flows, and applies to new ones", async () => {
			const client = cluster.pod("x").place;
			const kept = new Conversation(client, service.target("v4", "TCP"));
			assertAnswered(await kept.ask(), "before");
			const loads = [];
			for (const protocol of ["TCP", "UDP"] as const) {
				for (const fresh of [true, false]) {
					loads.push(await Load.start(client, service.target("v4", protocol), { fresh }));
				}
			}
			masquerade();
			await until("new flows come from the node", async () => {
				const { seen } = await ask(client, service.target("v4", "TCP"));
				return seen?.includes(cluster.pod("x").address.v4) ? undefined : true;
			});
			for (const load of loads) {
				const result = await load.stop();
				assert.equal(result.failed, 0, JSON.stringify(result));
			}
			assertAnswered(await kept.ask(), "after");
			await kept.close();
		});

		it("applies to both families while the client sees the service", async () => {
			for (const family of ["v4", "v6"] as const) {
				for (const protocol of ["TCP", "UDP"] as const) {
					await assertPeer(service, { place: cluster.pod("x").place, family, protocol });
				}
			}
		});
	});
}
