import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { parseAllDocuments } from "yaml";
import { Agent } from "../../test/lib/net/agent.ts";
import { until } from "../../test/lib/net/command.ts";
import { Lab } from "../../test/lib/net/lab.ts";
import { LiveMaps } from "../../test/lib/net/live.ts";
import { serve } from "../../test/lib/net/traffic.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));
const SERVERS = ["web-0", "web-1", "web-2"] as const;
const PORT = 8080;

/** Addresses of examples/*.yaml. */
export const WEB = { v4: "10.96.0.10", v6: "fd00:96::a" } as const;
export const LOOKUP = { v4: "10.96.0.20", v6: "fd00:96::14" } as const;
export const IDLE = { v4: "10.96.0.30", v6: "fd00:96::1e" } as const;

/** A node with three servers and a client in pods, a client outside, and an agent on the examples. */
export class Sandbox {
	readonly lab: Lab;
	readonly agent: Agent;
	/** The agent's copy of the examples. */
	readonly manifests: string;

	private constructor(lab: Lab) {
		this.lab = lab;
		this.manifests = join(lab.directory, "manifests");
		cpSync(EXAMPLES, this.manifests, { recursive: true });
		this.agent = new Agent(lab, lab.node(1), `--manifests=${this.manifests}`);
	}

	static async create(): Promise<Sandbox> {
		const pods = { "web-0": 1, "web-1": 1, "web-2": 1, client: 1 };
		const lab = Lab.create({ pods, guarded: false });
		const sandbox = new Sandbox(lab);
		for (const name of SERVERS) await serve(lab.pod(name).place, name, PORT);
		return sandbox;
	}

	/** Takes a pod out of the manifest of the web service and waits until the node has done so. */
	async removeFromWeb(pod: string): Promise<void> {
		const { v4, v6 } = this.lab.pod(pod).address;
		const file = join(this.manifests, "web.yaml");
		const documents = parseAllDocuments(readFileSync(file, "utf8"));
		for (const document of documents) {
			const endpoints = document.toJS().endpoints as { addresses: string[] }[] | undefined;
			const gone = endpoints?.findIndex(({ addresses }) =>
				addresses.some((address) => address === v4 || address === v6),
			);
			if (gone !== undefined && gone >= 0) document.deleteIn(["endpoints", gone]);
		}
		writeFileSync(`${file}.new`, documents.map(String).join(""));
		renameSync(`${file}.new`, file);
		await this.#serves(SERVERS.length - 1);
	}

	/** Puts the web service's manifest back as it was. */
	async restoreWeb(): Promise<void> {
		cpSync(join(EXAMPLES, "web.yaml"), join(this.manifests, "web.yaml.new"));
		renameSync(join(this.manifests, "web.yaml.new"), join(this.manifests, "web.yaml"));
		await this.#serves(SERVERS.length);
	}

	async #serves(count: number): Promise<void> {
		const live = new LiveMaps(this.lab.node(1).pinPath);
		for (const address of [WEB.v4, WEB.v6]) {
			const backends = () => live.backends({ address, port: 80, protocol: "TCP" }) ?? [];
			await until(`${address} has ${count} backends`, () =>
				backends().length === count ? true : undefined,
			);
		}
	}
}
