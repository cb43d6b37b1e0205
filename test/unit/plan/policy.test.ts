import assert from "node:assert/strict";
import { test } from "node:test";
import { FrontendFlag } from "../../../src/layout/structs.ts";
import type { FrontendType } from "../../../src/model/frontends.ts";
import { nodeReach } from "../../../src/model/node-reach.ts";
import type { Service } from "../../../src/model/objects.ts";
import { DEFAULT_PROXY_SETTINGS } from "../../../src/model/proxy-settings.ts";
import { withoutMapped } from "../../../src/plan/plan-node.ts";
import { scopeFlags } from "../../../src/plan/policy.ts";
import { service } from "../../lib/objects.ts";

const { FRONTEND_LOCAL_SET: LOCAL, FRONTEND_RANGES: RANGES } = FrontendFlag;
const { FRONTEND_NODE_PORT: NODE_PORT } = FrontendFlag;
const { FRONTEND_MASQUERADE: ALL, FRONTEND_MASQUERADE_OUTSIDE: OUTSIDE } = FrontendFlag;

interface Row {
	readonly name: string;
	readonly type: FrontendType;
	readonly service?: Partial<Service>;
	readonly settings?: Partial<typeof DEFAULT_PROXY_SETTINGS>;
	readonly isLoopback?: boolean;
	readonly isRestricted?: boolean;
	readonly internal: number;
	readonly external: number | undefined;
}

const detects = { clusterCIDRs: ["10.0.0.0/16"] };
const balanced = { type: "LoadBalancer" } as const;
const local = { ...balanced, externalTrafficPolicy: "Local" } as const;
const near = { internalTrafficPolicy: "Local" } as const;

/** kube-proxy's TestInternalExternalMasquerade, by frontend and scope. */
const ROWS: readonly Row[] = [
	{
		name: "cluster IP",
		type: "ClusterIP",
		settings: detects,
		internal: OUTSIDE,
		external: OUTSIDE,
	},
	{ name: "cluster IP, no detector", type: "ClusterIP", internal: 0, external: 0 },
	{
		name: "cluster IP, detector of the other family only",
		type: "ClusterIP",
		settings: { clusterCIDRs: ["fd00::/48"] },
		internal: 0,
		external: 0,
	},
	{
		name: "cluster IP, masqueradeAll",
		type: "ClusterIP",
		settings: { masqueradeAll: true },
		internal: ALL,
		external: ALL,
	},
	{
		name: "cluster IP, internal policy Local",
		type: "ClusterIP",
		service: near,
		settings: detects,
		internal: LOCAL | OUTSIDE,
		external: LOCAL | OUTSIDE,
	},
	{
		name: "cluster IP, external policy Local",
		type: "ClusterIP",
		service: local,
		internal: 0,
		external: 0,
	},
	...(["NodePort", "LoadBalancer", "ExternalIP"] as const).flatMap((type): Row[] => [
		{ name: `${type}, policy Cluster`, type, service: balanced, internal: ALL, external: ALL },
		{ name: `${type}, policy Local`, type, service: local, internal: OUTSIDE, external: LOCAL },
		{
			name: `${type}, internal policy Local`,
			type,
			service: { ...balanced, ...near },
			internal: ALL,
			external: ALL,
		},
		{
			name: `${type}, policy Local, masqueradeAll`,
			type,
			service: local,
			settings: { masqueradeAll: true },
			internal: OUTSIDE,
			external: LOCAL,
		},
	]),
	{
		name: "node port at localhost, policy Local",
		type: "NodePort",
		service: local,
		isLoopback: true,
		internal: ALL,
		external: undefined,
	},
	{
		name: "load balancer IP with source ranges",
		type: "LoadBalancer",
		service: local,
		isRestricted: true,
		internal: OUTSIDE | RANGES,
		external: LOCAL | RANGES,
	},
	{
		name: "node port of a Service with source ranges",
		type: "NodePort",
		service: balanced,
		isRestricted: true,
		internal: ALL,
		external: ALL,
	},
	{
		name: "external IP, policy Local of type ClusterIP",
		type: "ExternalIP",
		service: { externalTrafficPolicy: "Local", externalIPs: ["198.51.100.7"] },
		internal: OUTSIDE,
		external: LOCAL,
	},
];

for (const row of ROWS) {
	test(`set and masquerade are those of kube-proxy's table: ${row.name}`, () => {
		const settings = { ...DEFAULT_PROXY_SETTINGS, ...row.settings };
		const { object } = service("web", "10.96.0.1", ["http:80/TCP"], row.service ?? {});
		const flags = scopeFlags(
			{
				address: "192.0.2.1",
				port: 80,
				protocol: "TCP",
				type: row.type,
				isLoopback: row.isLoopback ?? false,
			},
			{
				service: object,
				family: "IPv4",
				reach: nodeReach(settings, { local: [], primary: [] }, []),
				isRestricted: row.isRestricted ?? false,
			},
		);
		// Loopback's are for the node's own sockets, which no packet is for.
		const own = row.type === "NodePort" && !row.isLoopback ? NODE_PORT : 0;
		const external = row.external === undefined ? undefined : row.external | own;
		assert.deepEqual(flags, { internal: row.internal | own, external });
	});
}

test("an IPv6 prefix never covers the place of IPv4 addresses in the maps", () => {
	assert.deepEqual(withoutMapped("10.0.0.0/8"), ["10.0.0.0/8"]);
	assert.deepEqual(withoutMapped("fd00::/8"), ["fd00::/8"]);
	const all = withoutMapped("::/0");
	assert.equal(all.length, 16);
	assert.deepEqual([all[0], all[1], all[15]], ["8000::/1", "4000::/2", "1::/16"]);
	assert.deepEqual(withoutMapped("::/13"), ["4::/14", "2::/15", "1::/16"]);
	assert.deepEqual(withoutMapped("::/80"), []);
});
