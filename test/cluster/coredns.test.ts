import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { command, until } from "../lib/net/command.ts";
import type { LabPod } from "../lib/net/pod.ts";
import type { RunningProcess } from "../lib/net/process.ts";
import { Cluster } from "./lib/cluster.ts";
import { CONTROL_PLANE_ADDRESS } from "./lib/control-plane.ts";
import type { DnsLoadOptions, DnsLoadResult } from "./lib/dns-load.ts";
import { named, service } from "./lib/objects.ts";
import { program } from "./lib/programs.ts";

const LOAD = fileURLToPath(new URL("lib/dns-load.ts", import.meta.url));
const DNS = ["10.96.0.10", "fd00:96::a"] as const;
const NAME = "kube-dns.default.svc.cluster.local";
const QUERIES = 2000;

describe("the real CoreDNS behind the cluster's DNS address", () => {
	let cluster: Cluster;
	let shop: LabPod;
	/** The CoreDNS that answers now; each test replaces it by the other pod's. */
	let current: { pod: LabPod; process: RunningProcess };

	/** Whether a query from a pod to a server is answered; undefined when it is not. */
	const answers = (from: LabPod, server: string): true | undefined => {
		const argv = JSON.stringify({ server, name: NAME, count: 1, protocol: "UDP", waitMs: 500 });
		const result = command(from.place.argv([process.execPath, LOAD, argv]));
		return result.includes('"answered":1') ? true : undefined;
	};

	const startCoreDns = async (on: LabPod): Promise<RunningProcess> => {
		const corefile = join(cluster.lab.directory, "Corefile");
		const kubeconfig = cluster.plane.kubeconfigFile("admin");
		writeFileSync(
			corefile,
			`.:53 {
	errors
	kubernetes cluster.local {
		endpoint https://${CONTROL_PLANE_ADDRESS.v4}:6443
		kubeconfig ${kubeconfig} test
	}
	cache 30
	loadbalance
}
`,
		);
		const started = on.place.start([program("coredns"), "-conf", corefile]);
		await until(
			"CoreDNS answers",
			() => {
				if (started.ended) throw new Error(`CoreDNS ended:\n${started.stderr}`);
				return answers(on, on.address.v4);
			},
			30_000,
		);
		return started;
	};

	/** Queries from the client pod until SIGTERM; returns after the first answer. */
	const load = async (more: Partial<DnsLoadOptions>): Promise<RunningProcess> => {
		const often = { count: QUERIES, pauseMs: 1, untilTold: true };
		const options = { server: DNS[0], name: NAME, protocol: "UDP", ...often };
		const argv = [process.execPath, LOAD, JSON.stringify({ ...options, ...more })];
		const running = shop.place.start(argv);
		await running.said("started");
		return running;
	};

	const endpointsAre = (address: string): Promise<true> =>
		until("the agent has the new endpoint only", () => {
			const text = cluster.read(cluster.lab.node(1), [
				"backends",
				"--service=kube-dns",
				"-o",
				"json",
			]);
			const other = current.pod.address.v4;
			return text.includes(address) && !text.includes(other) ? true : undefined;
		});

	/** A rolling update: the new pod is ready before the old one is taken out, and then ends. */
	const replaceCoreDns = async (): Promise<void> => {
		const next = cluster.lab.pod(current.pod.name === "dns1" ? "dns2" : "dns1");
		const process = await startCoreDns(next);
		await cluster.addPod(next, { app: "dns" });
		await until("both are endpoints", async () => {
			const slices = await cluster.plane.api.list(named("EndpointSlice"));
			return JSON.stringify(slices).includes(`"${next.address.v4}"`) ? true : undefined;
		});
		await cluster.plane.api.delete(named("Pod", current.pod.name));
		await endpointsAre(next.address.v4);
		await current.process.stop();
		current = { pod: next, process };
	};

	const assertNoneLost = (result: DnsLoadResult): void => {
		assert.ok(result.sent >= QUERIES, `only ${result.sent} queries`);
		assert.equal(result.answered, result.sent, JSON.stringify(result));
	};

	before(async () => {
		cluster = await Cluster.create({ pods: { shop: 1, dns1: 1, dns2: 1 } });
		shop = cluster.lab.pod("shop");
		const dns1 = cluster.lab.pod("dns1");
		const ports = [
			{ name: "dns", protocol: "UDP", port: 53, targetPort: 53 },
			{ name: "dns-tcp", protocol: "TCP", port: 53, targetPort: 53 },
		] as const;
		const dns = service("kube-dns", ports, { selector: { app: "dns" }, clusterIPs: DNS });
		await cluster.plane.api.create(dns);
		current = { pod: dns1, process: await startCoreDns(dns1) };
		await cluster.addPod(dns1, { app: "dns" });
		await cluster.startAgent(cluster.lab.node(1));
		await until("the first answer", () => answers(shop, DNS[0]));
	});

	after(() => cluster?.close());

	const cases = {
		"from one source port": { sourcePort: 5353 },
		"from fresh source ports": {},
		"over TCP": { protocol: "TCP" },
		"over IPv6 from one source port": { server: DNS[1], sourcePort: 5353 },
	} as const;
	for (const [how, options] of Object.entries(cases)) {
		test(`of ${QUERIES} queries ${how} none is lost while CoreDNS is replaced`, async () => {
			const running = await load(options);
			await replaceCoreDns();
			running.signal("SIGTERM");
			assertNoneLost(JSON.parse(await running.line(120_000)) as DnsLoadResult);
		});
	}
});
