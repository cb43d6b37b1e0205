import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

import type { Agent } from "../lib/net/agent.ts";
import { Cluster, type ClusterService, POD_PORT } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { LiveMaps } from "../lib/net/live.ts";
import { askers, assertPeer, assertSpread } from "./checks.ts";
import { LONG_PATHS, type Path } from "./paths.ts";

interface Health {
	readonly code: number;
	readonly body: {
		readonly healthy: boolean;
		readonly problems?: readonly { readonly part: string; readonly reason: string }[];
	};
}

/** A node with one good Service, and what a user does to its manifests. */
class Patient {
	readonly cluster: Cluster;
	readonly agent: Agent;
	readonly service: ClusterService;
	#written = new Set<string>();

	private constructor(cluster: Cluster, service: ClusterService) {
		this.cluster = cluster;
		this.agent = cluster.agents[0] as Agent;
		this.service = service;
	}

	static async create({ options }: Path, more: readonly string[] = []): Promise<Patient> {
		const flags = [...(options.flags ?? []), ...more];
		const cluster = await Cluster.create({ ...options, flags });
		return new Patient(cluster, await cluster.service("web", ["a", "b"]));
	}

	/** Writes a file as an editor would, in place. */
	write(file: string, content: string | readonly object[]): void {
		const text =
			typeof content === "string"
				? content
				: content.map((object) => `${JSON.stringify(object)}\n`).join("---\n");
		this.#written.add(file);
		writeFileSync(join(this.cluster.manifests.directory, file), text);
	}

	read(file: string): string {
		return readFileSync(join(this.cluster.manifests.directory, file), "utf8");
	}

	/** Removes what write() made. */
	heal(): void {
		for (const file of this.#written) rmSync(join(this.cluster.manifests.directory, file));
		this.#written.clear();
	}

	/** Waits for a line of the log that has all of these fields. */
	async logged(fields: Readonly<Record<string, string | RegExp>>): Promise<void> {
		const matches = (line: string) => {
			const entry = JSON.parse(line) as Record<string, unknown>;
			return Object.entries(fields).every(([name, want]) =>
				typeof want === "string" ? entry[name] === want : want.test(String(entry[name])),
			);
		};
		await until(`the log has ${JSON.stringify(fields, (_, value) => String(value))}`, () => {
			const lines = readFileSync(this.agent.logFile, "utf8").trim().split("\n");
			return lines.some(matches) ? true : undefined;
		}).catch((error: Error) => assert.fail(`${error.message}\n${this.agent.log}`));
	}

	skipped(object: string, reason: RegExp): Promise<void> {
		return this.logged({ object, reason });
	}

	/** The addresses that new connections to the Service may get. */
	backends(address: string, protocol: "TCP" | "UDP" = "TCP"): string[] | undefined {
		return new LiveMaps(this.agent.node.pinPath).backends({ address, port: 80, protocol });
	}

	async has(address: string, want: readonly string[]): Promise<void> {
		let got: string[] | undefined;
		await until(`${address} has its backends`, () => {
			got = this.backends(address);
			return got?.join() === want.join() ? true : undefined;
		}).catch(({ message }: Error) =>
			assert.fail(`${message}: ${got?.length} ${got?.slice(0, 5)}\n${this.agent.log}`),
		);
	}

	async gone(address: string, cause: () => void): Promise<void> {
		cause();
		await until(`${address} is gone`, () =>
			this.backends(address) === undefined ? true : undefined,
		);
	}

	health(path: "healthz" | "livez" = "healthz"): Health {
		const script = `fetch("http://127.0.0.1:10256/${path}").then(async (answer) =>
			process.stdout.write(JSON.stringify({ code: answer.status, body: await answer.json() })));`;
		return JSON.parse(this.agent.node.place.run([process.execPath, "-e", script])) as Health;
	}

	/** The good Service is as it was. */
	async assertUnharmed(): Promise<void> {
		for (const asker of askers(this.cluster.pod("x").place)) {
			await assertPeer(this.service, asker);
			await assertSpread(this.service, asker);
		}
	}
}

function service(
	name: string,
	clusterIP: string,
	ports: readonly object[] = [{ port: 80 }],
): object {
	return {
		apiVersion: "v1",
		kind: "Service",
		metadata: { name },
		spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports },
	};
}

interface SliceSpec {
	readonly name: string;
	readonly of?: string;
	readonly addresses: readonly string[];
	readonly ports?: readonly object[];
}

function slice({ name, of, addresses, ports = [{ port: POD_PORT }] }: SliceSpec): object {
	return {
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: {
			name,
			...(of === undefined ? {} : { labels: { "kubernetes.io/service-name": of } }),
		},
		addressType: "IPv4",
		ports,
		endpoints: addresses.map((address) => ({ addresses: [address] })),
	};
}

/** `count` addresses of 10.200.0.0/16. */
function addresses(count: number): string[] {
	return Array.from({ length: count }, (_, i) => `10.200.${i >> 8}.${i & 255}`);
}

function slicesOf(name: string, all: readonly string[]): object[] {
	const pages = Math.ceil(all.length / 100);
	return Array.from({ length: pages }, (_, page) =>
		slice({
			name: `${name}-${page}`,
			of: name,
			addresses: all.slice(page * 100, page * 100 + 100),
		}),
	);
}

const at = (list: readonly string[]) => list.map((address) => `${address}:${POD_PORT}`).sort();

for (const path of LONG_PATHS) {
	describe(`bad input, ${path.title}`, () => {
		let patient: Patient;
		before(async () => {
			patient = await Patient.create(path);
		});
		afterEach(async () => {
			await patient.assertUnharmed();
			assert.deepEqual([patient.health().code, patient.health().body.healthy], [200, true]);
			patient.heal();
		});
		after(() => patient?.cluster.close());

		it("a manifest half written changes nothing until it is whole", async () => {
			const whole = (addresses: readonly string[]) =>
				`${JSON.stringify(service("half", "10.96.1.1"), undefined, 1)}\n---\n${JSON.stringify(
					slice({ name: "half-1", of: "half", addresses }),
					undefined,
					1,
				)}\n`;
			patient.write("half.yaml", whole(["10.200.0.1"]));
			await patient.has("10.96.1.1", at(["10.200.0.1"]));
			const next = whole(["10.200.0.2"]);
			for (const part of [0, 10, next.indexOf("---") + 8, next.length - 20]) {
				patient.write("half.yaml", next.slice(0, part));
				await patient.logged({ reason: /^half\.yaml:\d+:\d+: / });
				await patient.has("10.96.1.1", at(["10.200.0.1"]));
			}
			patient.write("half.yaml", next);
			await patient.has("10.96.1.1", at(["10.200.0.2"]));
		});

		it("of one object in two files the first counts, and the log names the other", async () => {
			patient.write("one.yaml", [service("twice", "10.96.1.2")]);
			patient.write("two.yaml", [service("twice", "10.96.1.3")]);
			await patient.skipped("Service default/twice", /two\.yaml .*already in one\.yaml/);
			await patient.has("10.96.1.2", []);
			assert.equal(patient.backends("10.96.1.3"), undefined);
		});

		it("YAML that does not parse is named by line and column, other documents count", async () => {
			patient.write(
				"broken.yaml",
				`${JSON.stringify(service("before", "10.96.1.4"))}\n---\nkind: Service\nmetadata: {name: [}\n---\n${JSON.stringify(service("behind", "10.96.1.5"))}\n`,
			);
			await patient.logged({ reason: /^broken\.yaml:4:19: / });
			await patient.has("10.96.1.4", []);
			await patient.has("10.96.1.5", []);
			const status = patient.agent.sluice(["status"]);
			assert.match(status, /broken\.yaml:4:19: /);
		});

		it("leading zeros are read as decimal, garbage is left out, the others of the slice count", async () => {
			const bad = ["10.1.1.300", "garbage", "", "10.1.1", "fd00::1"];
			patient.write("addresses.yaml", [
				service("addresses", "10.96.1.6"),
				slice({
					name: "addresses-1",
					of: "addresses",
					addresses: ["10.200.0.1", "010.200.000.002", ...bad],
				}),
				service("zeros", "010.96.1.7"),
				service("word", "ten"),
			]);
			await patient.has("10.96.1.6", at(["10.200.0.1", "10.200.0.2"]));
			await patient.has("10.96.1.7", []);
			await patient.skipped("EndpointSlice default/addresses-1", /"10\.1\.1\.300"/);
			await patient.skipped("Service default/word", /"ten"/);
		});

		it("a slice without the label of its Service is named", async () => {
			patient.write("lost.yaml", [slice({ name: "lost", addresses: ["10.200.0.1"] })]);
			await patient.skipped("EndpointSlice default/lost", /kubernetes\.io\/service-name/);
		});

		it("ports that are 0, missing or too large are left out, the others count", async () => {
			const named = (name: string, port: unknown) => ({ name, port });
			patient.write("ports.yaml", [
				service("ports", "10.96.1.8", [
					named("good", 80),
					named("zero", 0),
					named("none", null),
					named("large", 70_000),
					named("text", "http"),
				]),
				slice({
					name: "ports-1",
					of: "ports",
					addresses: ["10.200.0.1"],
					ports: [named("good", POD_PORT), named("zero", 0), named("none", null)],
				}),
			]);
			await patient.has("10.96.1.8", at(["10.200.0.1"]));
			for (const port of ["0", "null", "70000", '"http"']) {
				await patient.skipped("Service default/ports", new RegExp(`port is ${port}, not a port`));
			}
			await patient.skipped("EndpointSlice default/ports-1", /port is 0, not a port/);
		});

		it("a Service with 10,000 endpoints has them all", async () => {
			const all = addresses(10_000);
			patient.write("large.yaml", [service("large", "10.96.1.9"), ...slicesOf("large", all)]);
			await patient.has("10.96.1.9", at(all));
			patient.write("large.yaml", [
				service("large", "10.96.1.9"),
				...slicesOf("large", all.slice(1)),
			]);
			await patient.has("10.96.1.9", at(all.slice(1)));
		});

		it("what a file said is kept over a restart of the agent, while the file does not parse", async () => {
			const good = [
				service("kept", "10.96.1.10"),
				slice({ name: "kept-1", of: "kept", addresses: ["10.200.0.1"] }),
			];
			const other = (address: string) => [
				service("other", "10.96.1.11"),
				slice({ name: "other-1", of: "other", addresses: [address] }),
			];
			patient.write("kept.yaml", good);
			patient.write("other.yaml", other("10.200.0.2"));
			await patient.has("10.96.1.10", at(["10.200.0.1"]));
			await patient.has("10.96.1.11", at(["10.200.0.2"]));
			await patient.agent.stop();
			const whole = patient.read("kept.yaml");
			patient.write("other.yaml", other("10.200.0.3"));
			for (const part of [5, whole.indexOf("---") + 20]) {
				patient.write("kept.yaml", `${whole.slice(0, part)}\n`);
				await patient.agent.start();
				await patient.has("10.96.1.11", at(["10.200.0.3"]));
				assert.deepEqual(patient.backends("10.96.1.10"), at(["10.200.0.1"]));
				await patient.agent.stop();
			}
			await patient.agent.start();
			patient.write("kept.yaml", [good[0] as object]);
			await patient.has("10.96.1.10", []);
			await patient.gone("10.96.1.10", () => patient.write("kept.yaml", "# nothing\n"));
		});

		it("a kubeconfig that does not exist ends the agent with its name; what is there stays", async () => {
			assert.throws(
				() => patient.agent.sluice(["agent", "--kubeconfig=/nonexistent/kubeconfig"]),
				/exit 1: sluice: .*\/nonexistent\/kubeconfig/,
			);
		});
	});

	describe(`maps that are full, ${path.title}`, () => {
		const ROOM = 64;
		let patient: Patient;
		before(async () => {
			patient = await Patient.create(path, [`--max-backends=${ROOM}`]);
		});
		after(() => patient?.cluster.close());

		it("are in the log, in health and in status, and leave other Services alone", async () => {
			const all = addresses(ROOM * 3);
			patient.write("large.yaml", [service("large", "10.96.1.9"), ...slicesOf("large", all)]);
			await patient.logged({ msg: /cannot be written/ });
			for (const path of ["healthz", "livez"] as const) {
				const { code, body } = patient.health(path);
				assert.equal(code, 200, "other Services are served, and a restart would change nothing");
				assert.match(JSON.stringify(body.problems), /full: backends/);
			}
			const status = patient.agent.sluice(["status"]);
			assert.match(status, /full: backends/);
			const metrics = patient.agent.node.place.run([
				"curl",
				"-s",
				"http://127.0.0.1:10249/metrics",
			]);
			assert.match(metrics, /^sluice_sync_failures_total [1-9]/m);
			await patient.assertUnharmed();
			const some = patient.backends("10.96.1.9") ?? [];
			assert.ok(some.length < ROOM, `${some.length} backends`);
		});

		it("take new small Services no more, but keep and change what there is", async () => {
			await patient.cluster.endpoints(patient.service, ["b"]);
			await patient.assertUnharmed();
		});

		it("serve all again when there is room", async () => {
			const few = addresses(ROOM / 4);
			patient.write("large.yaml", [service("large", "10.96.1.9"), ...slicesOf("large", few)]);
			await patient.has("10.96.1.9", at(few));
			await until("no problem is named", () => (patient.health().body.problems ? undefined : true));
			await patient.assertUnharmed();
		});
	});
}
