import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { command } from "../../test/lib/net/command.ts";

/** What a figure was measured of, and where. */
export interface Origin {
	/** Release of the kernel. */
	readonly kernel: string;
	/** Short name of what was measured: the same for the same sources. */
	readonly tree: string;
}

const TREE = fileURLToPath(new URL("../../", import.meta.url));

/** What is measured: the programs, the addon, the agent. */
const SOURCES = ["bpf", "native", "src"].map((folder) => join(TREE, folder));

/** Of this tree on this machine. */
export function origin(): Origin {
	return { kernel: release(), tree: treeName() };
}

function treeName(): string {
	const hash = createHash("sha256");
	for (const folder of SOURCES) {
		const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
		const files = entries
			.filter((entry) => entry.isFile())
			.map(({ parentPath, name }) => {
				return join(parentPath, name);
			});
		for (const file of files.sort()) hash.update(relative(TREE, file)).update(readFileSync(file));
	}
	return hash.digest("hex").slice(0, 12);
}

/** What a reader needs to know of a run, by name. */
export type Machine = Readonly<Record<string, string>>;

/** Of this machine and its programs, today. */
export function machine(): Machine {
	const [first] = cpus();
	const version = (argv: readonly string[]): string => command(argv).trim().split("\n")[0] ?? "";
	return {
		Date: new Date().toISOString().slice(0, 10),
		Kernel: release(),
		Processor: `${first?.model.trim() ?? "unknown"}, ${cpus().length} cores`,
		Memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
		Node: process.version,
		"kube-proxy": kubernetesVersion(),
		iptables: version(["iptables-legacy", "--version"]).replace(/^iptables | \(legacy\)$/g, ""),
		nftables: version(["nft", "--version"]).replace(/^nftables /, ""),
	};
}

/** Of the module that the programs are built from; they do not know their version themselves. */
function kubernetesVersion(): string {
	const module = readFileSync(join(TREE, "test/cluster/programs/kubernetes/go.mod"), "utf8");
	return /k8s\.io\/kubernetes (v\S+)/.exec(module)?.[1] ?? "unknown";
}
