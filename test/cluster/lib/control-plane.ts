import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { podSubnet, SERVICE_CIDRS } from "../../lib/net/addresses.ts";
import { until } from "../../lib/net/command.ts";
import type { Lab } from "../../lib/net/lab.ts";
import type { Place } from "../../lib/net/place.ts";
import type { RunningProcess } from "../../lib/net/process.ts";
import { ApiClient } from "./api-client.ts";
import { type Credentials, kubeconfig, makeCredentials, type User } from "./credentials.ts";
import { type Program, program } from "./programs.ts";

/** Addresses of the control plane on the lab's wire. */
export const CONTROL_PLANE_ADDRESS = { v4: "192.0.2.5", v6: "2001:db8::5" } as const;
const PORT = 6443;

/**
 * The real etcd, kube-apiserver and kube-controller-manager (its EndpointSlice controller) in a namespace of
 * a lab, reachable from its nodes over the wire. They end with the lab.
 */
export class ControlPlane {
	/** As cluster administrator. */
	readonly api: ApiClient;
	readonly directory: string;
	readonly #place: Place;
	readonly #credentials: Credentials;
	#apiServer: RunningProcess | undefined;
	#relay: Server | undefined;

	private constructor(lab: Lab) {
		this.directory = join(lab.directory, "control-plane");
		mkdirSync(this.directory);
		this.#credentials = makeCredentials(this.directory, [CONTROL_PLANE_ADDRESS.v4, "10.96.0.1"]);
		this.#place = lab.place("master");
		lab.plug(this.#place, "eth0");
		this.#place.ip([
			`addr add ${CONTROL_PLANE_ADDRESS.v4}/24 dev eth0`,
			`addr add ${CONTROL_PLANE_ADDRESS.v6}/64 dev eth0 nodad`,
			...lab.nodes.flatMap(({ number, address }) => [
				`route add ${podSubnet(number).v4} via ${address.v4}`,
				`route add ${podSubnet(number).v6} via ${address.v6}`,
			]),
		]);
		const token = this.#credentials.tokens.admin;
		this.api = new ApiClient({ socketPath: this.#socket, ca: this.#credentials.ca, token });
	}

	/** Starts everything; resolves when the API server is ready. */
	static async start(lab: Lab): Promise<ControlPlane> {
		const plane = new ControlPlane(lab);
		plane.#startEtcd();
		plane.startApiServer();
		plane.#place.start([
			"socat",
			`UNIX-LISTEN:${plane.#socket},fork,mode=600,backlog=128`,
			`TCP:${CONTROL_PLANE_ADDRESS.v4}:${PORT}`,
		]);
		await plane.ready();
		plane.#startControllerManager();
		return plane;
	}

	/** A kubeconfig file for programs in the lab's namespaces. */
	kubeconfigFile(user: User): string {
		const path = join(this.directory, `${user.replace(":", "-")}.kubeconfig`);
		writeFileSync(
			path,
			kubeconfig(`https://${CONTROL_PLANE_ADDRESS.v4}:${PORT}`, user, this.#credentials),
		);
		return path;
	}

	/** A kubeconfig file for this process, which is outside of the lab: it leads over a relay on loopback. */
	async outsideKubeconfigFile(user: User): Promise<string> {
		this.#relay ??= createServer((from) => {
			const to = connect(this.#socket);
			from.on("error", () => to.destroy()).on("close", () => to.destroy());
			to.on("error", () => from.destroy()).on("close", () => from.destroy());
			from.pipe(to).pipe(from);
		});
		const relay = this.#relay;
		if (!relay.listening) {
			await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", () => resolve()));
		}
		const { port } = relay.address() as AddressInfo;
		const path = join(this.directory, `${user.replace(":", "-")}.outside.kubeconfig`);
		writeFileSync(path, kubeconfig(`https://127.0.0.1:${port}`, user, this.#credentials));
		return path;
	}

	/** Starts the API server again after it was killed. */
	startApiServer(): void {
		const { certificate, key, serviceAccountKey, tokenFile } = this.#credentials;
		this.#apiServer = this.#start("kube-apiserver", [
			"--etcd-servers=http://127.0.0.1:2379",
			`--bind-address=${CONTROL_PLANE_ADDRESS.v4}`,
			`--advertise-address=${CONTROL_PLANE_ADDRESS.v4}`,
			`--secure-port=${PORT}`,
			`--tls-cert-file=${certificate}`,
			`--tls-private-key-file=${key}`,
			`--token-auth-file=${tokenFile}`,
			"--authorization-mode=RBAC",
			`--service-cluster-ip-range=${SERVICE_CIDRS.join(",")}`,
			"--service-account-issuer=https://kubernetes.default.svc",
			`--service-account-key-file=${serviceAccountKey}`,
			`--service-account-signing-key-file=${serviceAccountKey}`,
			"--disable-admission-plugins=ServiceAccount",
			"--etcd-compaction-interval=0",
			"--max-requests-inflight=0",
			"--profiling=false",
		]);
	}

	/** Ends the API server as a crash would. */
	async killApiServer(): Promise<void> {
		await this.#apiServer?.stop("SIGKILL");
	}

	/** Waits until the API server says that it is ready. */
	async ready(): Promise<void> {
		await until(
			"the API server is ready",
			async () => {
				if (this.#apiServer?.ended) throw new Error(this.#log("kube-apiserver"));
				return await this.api.request("GET", "/readyz").catch(() => undefined);
			},
			120_000,
		);
	}

	/** Compacts etcd's whole history: older versions can no longer be watched after an API server's restart. */
	compact(): void {
		const post = (path: string, body: object): string =>
			this.#place.run([
				"curl",
				"-sSf",
				"-d",
				JSON.stringify(body),
				`http://127.0.0.1:2379/v3/${path}`,
			]);
		const answer = JSON.parse(post("maintenance/status", {})) as { header: { revision: string } };
		post("kv/compaction", { revision: answer.header.revision, physical: true });
	}

	close(): void {
		this.#relay?.close();
		this.api.close();
	}

	get #socket(): string {
		return join(this.directory, "api.sock");
	}

	#startEtcd(): void {
		this.#start("etcd", [
			`--data-dir=${join(this.directory, "etcd")}`,
			"--listen-client-urls=http://127.0.0.1:2379",
			"--advertise-client-urls=http://127.0.0.1:2379",
			"--listen-peer-urls=http://127.0.0.1:2380",
			"--quota-backend-bytes=4000000000",
			"--unsafe-no-fsync",
			"--log-level=warn",
		]);
	}

	/** Only the controllers that make endpoints and clean up: no node lifecycle, since no kubelet reports. */
	#startControllerManager(): void {
		this.#start("kube-controller-manager", [
			`--kubeconfig=${this.kubeconfigFile("admin")}`,
			"--controllers=endpointslice-controller,namespace-controller",
			"--leader-elect=false",
			"--secure-port=0",
			"--kube-api-qps=1000",
			"--kube-api-burst=2000",
		]);
	}

	#start(name: Program, flags: readonly string[]): RunningProcess {
		const shell = `exec "$@" >>"${join(this.directory, `${name}.log`)}" 2>&1`;
		return this.#place.start(["sh", "-c", shell, "sh", program(name), ...flags]);
	}

	#log(name: Program): string {
		const text = readFileSync(join(this.directory, `${name}.log`), "utf8");
		return `${name} ended:\n${text.slice(-4000)}`;
	}
}
