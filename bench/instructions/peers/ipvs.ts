import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Cluster } from "../../../test/cluster/lib/cluster.ts";
import { program } from "../../../test/cluster/lib/programs.ts";
import { command } from "../../../test/lib/net/command.ts";
import { boot, type Machine } from "../../../test/vm/lib/machine.ts";
import { type CountedBase, INSTRUCTIONS_BUILD } from "../counted-guest.ts";
import { packArchive } from "../objects.ts";
import type { Rules } from "./capture.ts";

/** A guest that need not be exact; it reaches this machine's loopback at 10.0.2.2. */
const MACHINE: Machine = {
	memoryMiB: 3072,
	qemu: ["-nic", "user,model=virtio-net-pci,restrict=off"],
};

const LIMIT_SEC = 1200;

/** Files that guest/capture-ipvs.sh writes. */
const FILES = ["ipvs", "ipset", "iptables", "addresses", "sysctls"] as const;

/** Runs kube-proxy in a guest, where IPVS exists, against the cluster's API server. */
export async function captureIpvs(
	base: CountedBase,
	cluster: Cluster,
	services: number,
): Promise<Rules> {
	const folder = mkdtempSync(join(tmpdir(), "sluice-ipvs-"));
	try {
		const root = join(folder, "root/counted");
		mkdirSync(root, { recursive: true });
		cpSync(program("kube-proxy"), join(root, "kube-proxy"));
		writeFileSync(join(root, "kubeconfig"), await guestKubeconfig(cluster));
		const extra = join(folder, "extra.cpio");
		packArchive(join(folder, "root"), extra);
		const initramfs = join(folder, "initramfs.cpio");
		command(["sh", "-c", 'cat "$1" "$2" >"$3"', "sh", base.archive, extra, initramfs]);
		const log = join(INSTRUCTIONS_BUILD, `capture-ipvs-${services}.log`);
		const run = `sh bench/instructions/guest/capture-ipvs.sh ${services}`;
		const options = { log, limitSec: LIMIT_SEC, machine: MACHINE };
		const { output } = await boot(base.kernel, initramfs, run, options);
		return Object.fromEntries(FILES.map((name) => [name, section(output, name, log)]));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Leads to the relay on this machine's loopback, whose certificate is for localhost. */
async function guestKubeconfig(cluster: Cluster): Promise<string> {
	const path = await cluster.plane.outsideKubeconfigFile("system:kube-proxy");
	const config = JSON.parse(readFileSync(path, "utf8"));
	const [entry] = config.clusters;
	entry.cluster.server = entry.cluster.server.replace("127.0.0.1", "10.0.2.2");
	entry.cluster["tls-server-name"] = "localhost";
	return JSON.stringify(config);
}

/** A file on the serial line: gzip in base64, between two lines with its name. */
function section(output: string, name: string, log: string): string {
	const text = new RegExp(`^begin ${name}\\r?\\n([^]*?)^end ${name}\\r?$`, "m").exec(output)?.[1];
	if (text === undefined) throw new Error(`the guest of kube-proxy sent no ${name}: ${log}`);
	return gunzipSync(Buffer.from(text.replaceAll(/\s/g, ""), "base64")).toString();
}
