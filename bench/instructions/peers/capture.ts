/** The rules that the real kube-proxy writes for the objects of a counted guest, kept for later runs. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Cluster } from "../../../test/cluster/lib/cluster.ts";
import { program } from "../../../test/cluster/lib/programs.ts";
import { command } from "../../../test/lib/net/command.ts";
import { putObjects } from "../../agent/etcd.ts";
import { type CountedBase, INSTRUCTIONS_BUILD } from "../counted-guest.ts";
import { clusterObjects, packArchive } from "../objects.ts";
import { captureIpvs } from "./ipvs.ts";
import { captureRules } from "./rules.ts";

/** What a guest loads with programs of the same name: guest/peers.sh. */
export type RuleSet = "iptables" | "nftables" | "ipvs";

/** Files by name, as guest/peers.sh finds them below /counted/rules. */
export type Rules = Readonly<Record<string, string>>;

/**
 * Path of an initramfs archive with the rules of a mode for so many Services; captured first when there
 * is none of this kube-proxy and these objects. Takes a control plane, and for ipvs a guest.
 */
export async function capturedRules(
	base: CountedBase,
	set: RuleSet,
	services: number,
): Promise<string> {
	const folder = join(INSTRUCTIONS_BUILD, "captures");
	const archive = join(folder, `${set}-${services}-${recipe(services)}.cpio`);
	if (existsSync(archive)) return archive;
	mkdirSync(folder, { recursive: true });
	pack(await capture(base, set, services), archive);
	return archive;
}

/** Names what the rules depend on. */
function recipe(services: number): string {
	const hash = createHash("sha256");
	hash.update(readFileSync(`${program("kube-proxy")}.recipe`));
	hash.update(JSON.stringify(clusterObjects(services, "near")));
	for (const tool of ["iptables-legacy", "nft", "ipset"]) hash.update(command([tool, "--version"]));
	return hash.digest("hex").slice(0, 12);
}

async function capture(base: CountedBase, set: RuleSet, services: number): Promise<Rules> {
	const cluster = await Cluster.create({ pods: {}, guarded: false });
	try {
		const objects = clusterObjects(services, "near").filter(({ kind }) => kind !== "Node");
		putObjects(cluster.lab, objects);
		if (set === "ipvs") return await captureIpvs(base, cluster, services);
		return await captureRules(cluster, set, services);
	} finally {
		cluster.close();
	}
}

function pack(rules: Rules, archive: string): void {
	const folder = mkdtempSync(join(tmpdir(), "sluice-capture-"));
	try {
		const path = join(folder, "root/counted/rules");
		mkdirSync(path, { recursive: true });
		for (const [name, text] of Object.entries(rules)) writeFileSync(join(path, name), text);
		packArchive(join(folder, "root"), archive);
	} finally {
		rmSync(folder, { recursive: true });
	}
}
