import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { parse } from "yaml";
import { reasonOf } from "../errors.ts";
import { arrayOf, recordOf, stringOf } from "./json.ts";

export interface ApiAccessOptions {
	/** A kubeconfig file; absent: the service account of the pod we run in. */
	readonly kubeconfig?: string | undefined;
	/**
	 * Address of the API server, instead of the one that the configuration names. In a pod that is
	 * the ClusterIP of Service default/kubernetes, which a service proxy cannot rely on.
	 */
	readonly server?: string | undefined;
}

/** What cannot be used of a kubeconfig, and why. */
export class ApiConfigError extends Error {
	constructor(source: string, reason: string) {
		super(`${source}: ${reason}`);
		this.name = "ApiConfigError";
	}
}

/** Where the API server is and how we prove who we are. */
export class ApiAccess {
	readonly #options: ApiAccessOptions;
	#config: KubeConfig;

	/** Throws ApiConfigError when there is no usable configuration. */
	constructor(options: ApiAccessOptions) {
		this.#options = options;
		this.#config = loadConfig(options);
	}

	/** Address of the server, without a slash at the end. */
	get server(): string {
		return serverOf(this.#config);
	}

	/**
	 * The options of a request that depend on the configuration: certificates (read anew each time,
	 * they rotate), the token, an agent when a proxy is to be used.
	 */
	async requestOptions(): Promise<RequestOptions> {
		const options: RequestOptions = { headers: {} };
		await this.#config.applyToHTTPSOptions(options);
		if (!this.#config.getCurrentCluster()?.proxyUrl) {
			options.agent = undefined;
		}
		return options;
	}

	/** Reads configuration and tokens anew. Throws ApiConfigError; what was read before stays then. */
	reload(): void {
		this.#config = loadConfig(this.#options);
	}
}

function loadConfig({ kubeconfig, server }: ApiAccessOptions): KubeConfig {
	const source = kubeconfig ?? "in-cluster configuration";
	const config = new KubeConfig();
	try {
		if (kubeconfig !== undefined) {
			config.loadFromFile(kubeconfig);
			applyTokenFiles(config, kubeconfig);
		} else {
			loadFromPod(config, server);
		}
	} catch (error) {
		throw new ApiConfigError(source, reasonOf(error));
	}
	overrideServer(config, server);
	const address = serverOf(config);
	if (!URL.canParse(address)) {
		const reason =
			address === ""
				? `context "${config.currentContext ?? ""}" leads to no cluster with a server`
				: `the API server's address "${address}" is no URL`;
		throw new ApiConfigError(source, reason);
	}
	return config;
}

const serverOf = (config: KubeConfig): string =>
	(config.getCurrentCluster()?.server ?? "").replace(/\/+$/, "");

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** A bare server address without service account, as for an insecure port, is used as nobody. */
function loadFromPod(config: KubeConfig, server: string | undefined): void {
	if (existsSync(SERVICE_ACCOUNT_TOKEN)) {
		config.loadFromCluster();
	} else if (server !== undefined) {
		config.loadFromClusterAndUser({ name: "server", server, skipTLSVerify: false }, { name: "" });
	} else {
		throw new Error(`there is no ${SERVICE_ACCOUNT_TOKEN}: not in a pod, and no kubeconfig given`);
	}
}

/** The library refuses plain HTTP unless told that there is no certificate to verify. */
function overrideServer(config: KubeConfig, server: string | undefined): void {
	const current = config.getCurrentCluster();
	config.clusters = (config.clusters ?? []).map((cluster) => {
		const address = cluster === current ? (server ?? cluster.server) : cluster.server;
		const plain = address?.startsWith("http:") ?? false;
		return { ...cluster, server: address, skipTLSVerify: cluster.skipTLSVerify || plain };
	});
}

/** Users with `tokenFile`, which the library does not know in a kubeconfig; it re-reads the file. */
function applyTokenFiles(config: KubeConfig, kubeconfig: string): void {
	const users = arrayOf(recordOf(parse(readFileSync(kubeconfig, "utf8"))).users).map(recordOf);
	config.users = config.users.map((user) => {
		const entry = users.find(({ name }) => name === user.name);
		const tokenFile = stringOf(recordOf(entry?.user).tokenFile);
		return tokenFile === undefined || user.token
			? user
			: { ...user, authProvider: { name: "tokenFile", config: { tokenFile } } };
	});
}
