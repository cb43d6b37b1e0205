/** Whose address endpoints see, as what tells pods from clients outside is configured. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { type AddressPair, OUTSIDE_CLIENT, podSubnet } from "../lib/net/addresses.ts";
import { Cluster, type ClusterService } from "../lib/net/cluster.ts";
import type { Place } from "../lib/net/place.ts";
import { ask } from "../lib/net/traffic.ts";
import { askers, assertAnswered } from "./checks.ts";
import { PACKET_PATHS } from "./paths.ts";

interface Detector {
	readonly flags: readonly string[];
	/** Whose address is kept at a cluster IP. */
	readonly keeps: { readonly pod: boolean; readonly outside: boolean };
}

const PODS = { pod: true, outside: false };
const DETECTORS: Readonly<Record<string, Detector>> = {
	"no cluster CIDR": { flags: [], keeps: { pod: true, outside: true } },
	ClusterCIDR: { flags: ["--cluster-cidr=10.1.0.0/16,fd00:10:1::/48"], keeps: PODS },
	NodeCIDR: { flags: ["--detect-local-mode=NodeCIDR"], keeps: PODS },
	BridgeInterface: {
		flags: ["--detect-local-mode=BridgeInterface", "--pod-bridge-interface=br0"],
		keeps: PODS,
	},
	InterfaceNamePrefix: {
		flags: ["--detect-local-mode=InterfaceNamePrefix", "--pod-interface-name-prefix=veth"],
		keeps: PODS,
	},
	"--masquerade-all": { flags: ["--masquerade-all"], keeps: { pod: false, outside: false } },
};

for (const { title, options } of PACKET_PATHS) {
	for (const [name, { flags, keeps }] of Object.entries(DETECTORS)) {
		describe(`${name}: clients of a cluster IP, ${title}`, () => {
			let cluster: Cluster;
			let web: ClusterService;
			before(async () => {
				const all = [...(options.flags ?? []), ...flags];
				cluster = await Cluster.create({ ...options, flags: all, pods: { a: 1, x: 1 } });
				const node = cluster.lab.node(1);
				cluster.manifests.node(node.name, node.address, Object.values(podSubnet(1)));
				web = await cluster.service("web", ["a"]);
			});
			after(() => cluster?.close());

			const assertKept = async (place: Place, own: AddressPair, kept: boolean): Promise<void> => {
				for (const { family, protocol } of askers(place)) {
					const answer = await ask(place, web.target(family, protocol));
					assertAnswered(answer, `${protocol} ${family}`);
					assert.equal(answer.seen?.includes(own[family]), kept, `${protocol}: ${answer.seen}`);
				}
			};

			it(`a pod's address is ${keeps.pod ? "kept" : "the node's"}`, async () => {
				const { place, address } = cluster.pod("x");
				await assertKept(place, address, keeps.pod);
			});

			it(`that of a client outside is ${keeps.outside ? "kept" : "the node's"}`, async () => {
				await assertKept(cluster.lab.client, OUTSIDE_CLIENT, keeps.outside);
			});
		});
	}
}
