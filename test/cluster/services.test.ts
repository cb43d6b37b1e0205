import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AddressPair } from "../lib/net/addresses.ts";
import { until } from "../lib/net/command.ts";
import type { LabPod } from "../lib/net/pod.ts";
import { ask, askMany, Load, serve, type Target } from "../lib/net/traffic.ts";
import { Cluster } from "./lib/cluster.ts";
import { clusterIPs, named, service } from "./lib/objects.ts";

const PORT = 80;

describe("services of a real API server", () => {
	let cluster: Cluster;
	let shop: LabPod;
	let web1: LabPod;
	let web2: LabPod;
	let vip: AddressPair;

	const tcp = (): Target => ({ address: vip.v4, port: PORT, protocol: "TCP" });

	/** Waits until new connections from the client pod reach exactly these servers. */
	const servedBy = (names: readonly string[]): Promise<true> =>
		until(
			`connections reach ${names.join(" and ")}`,
			async () => {
				const { servers, failed } = await askMany(shop.place, tcp(), 40, { timeoutMs: 1000 });
				const seen = Object.keys(servers).sort().join();
				return failed === 0 && seen === [...names].sort().join() ? true : undefined;
			},
			30_000,
		);

	before(async () => {
		cluster = await Cluster.create({ pods: { shop: 1, web1: 1, web2: 1 } });
		shop = cluster.lab.pod("shop");
		web1 = cluster.lab.pod("web1");
		web2 = cluster.lab.pod("web2");
		for (const web of [web1, web2]) {
			await serve(web.place, web.name, 8080);
			await cluster.addPod(web, { app: "web" });
		}
		const ports = [
			{ name: "tcp", protocol: "TCP", port: PORT, targetPort: 8080 },
			{ name: "udp", protocol: "UDP", port: PORT, targetPort: 8080 },
		] as const;
		const web = service("web", ports, { selector: { app: "web" } });
		vip = clusterIPs(await cluster.plane.api.create(web));
		await cluster.startAgent(cluster.lab.node(1));
		await servedBy(["web1", "web2"]);
	});

	after(() => cluster?.close());

	for (const protocol of ["TCP", "UDP"] as const) {
		for (const family of ["v4", "v6"] as const) {
			for (const from of ["pod", "node"] as const) {
				test(`a ${from} reaches a ClusterIP by ${protocol} and IP${family}`, async () => {
					const place = from === "pod" ? shop.place : cluster.lab.node(1).place;
					const answer = await ask(place, { address: vip[family], port: PORT, protocol });
					assert.ok(answer.ok, `${answer.step} ${answer.error}`);
					assert.match(answer.server ?? "", /^web[12]$/);
				});
			}
		}
	}

	test("the kubernetes Service leads to the API server", async () => {
		const status = shop.place.run([
			"curl",
			"-sk",
			"-o",
			"/dev/null",
			"-w",
			"%{http_code}",
			"https://10.96.0.1/healthz",
		]);
		assert.equal(status, "200");
	});

	test("a pod that is no longer ready gets no new connection, and gets them again when it is", async () => {
		await cluster.setReady(web1, false);
		await servedBy(["web2"]);
		await cluster.setReady(web1, true);
		await servedBy(["web1", "web2"]);
	});

	test("no request fails while the API server is killed and started again, and later changes arrive", async () => {
		const load = await Load.start(shop.place, tcp(), { fresh: true });
		await cluster.plane.killApiServer();
		cluster.plane.startApiServer();
		await cluster.plane.ready();
		await cluster.setReady(web2, false);
		await servedBy(["web1"]);
		const { failed, errors, sent } = await load.stop();
		assert.ok(sent > 0);
		assert.equal(failed, 0, JSON.stringify(errors));
		await cluster.setReady(web2, true);
		await servedBy(["web1", "web2"]);
	});

	test("changes made while the agent could not watch arrive after its history is compacted away", async () => {
		const [agent] = cluster.agents;
		agent?.signal("SIGSTOP");
		await cluster.setReady(web1, false);
		await until("the endpoint slices say so", async () => {
			const slices = await cluster.plane.api.list(named("EndpointSlice"));
			return JSON.stringify(slices).includes('"ready":false') ? true : undefined;
		});
		await cluster.plane.killApiServer();
		cluster.plane.compact();
		cluster.plane.startApiServer();
		await cluster.plane.ready();
		agent?.signal("SIGCONT");
		await servedBy(["web2"]);
		await cluster.setReady(web1, true);
		await servedBy(["web1", "web2"]);
	});

	test("a deleted Service is refused", async () => {
		await cluster.plane.api.delete(named("Service", "web"));
		await until("the connection fails", async () => {
			const answer = await ask(shop.place, tcp(), { timeoutMs: 300 });
			return answer.ok ? undefined : true;
		});
	});
});
