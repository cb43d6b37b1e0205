import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { makeCgroup } from "../../lib/net/cgroup.ts";
import { until } from "../../lib/net/command.ts";
import type { LabNode } from "../../lib/net/node.ts";
import { Place } from "../../lib/net/place.ts";
import { RunningProcess } from "../../lib/net/process.ts";
import type { Cluster } from "./cluster.ts";
import { program } from "./programs.ts";

/** kube-proxy's mode; for iptables also which of the kernel's two interfaces its programs write. */
export type KubeProxyMode = "iptables-legacy" | "iptables-nft" | "nftables";

export const KUBE_PROXY_MODES: readonly KubeProxyMode[] = [
	"iptables-legacy",
	"iptables-nft",
	"nftables",
];

/** One attempt to connect, in seconds: an address that is not yet programmed does not answer. */
const ATTEMPT_SEC = "0.1";

/**
 * Runs "$@" with a view of the file system in which nothing of the whole machine can be written: of
 * /proc/sys only net, whose values belong to the network namespace, and nothing of /sys. The lock of
 * iptables, a file below /run, is its own too.
 */
const CONFINED = `
	mount --bind /proc/sys /proc/sys
	mount -o remount,bind,ro /proc/sys
	mount --bind /proc/sys/net /proc/sys/net
	mount -o remount,bind,rw /proc/sys/net
	mount --bind /sys /sys
	mount -o remount,bind,ro /sys
	mount -t tmpfs tmpfs /run
	exec "$@"
`;

/** The real kube-proxy as the proxy of one node of a real cluster, with its defaults. */
export class KubeProxy {
	readonly node: LabNode;
	readonly mode: KubeProxyMode;
	/** Everything that it has logged. */
	readonly logFile: string;
	readonly #cgroup: string;
	readonly #process: RunningProcess;

	/** Starts it; it ends with the lab. Its rules stay in the node's namespace after stop(). */
	constructor(cluster: Cluster, node: LabNode, mode: KubeProxyMode, flags: readonly string[] = []) {
		const { lab, plane } = cluster;
		this.node = node;
		this.mode = mode;
		this.logFile = join(lab.directory, `kube-proxy-${node.name}.log`);
		this.#cgroup = makeCgroup(join(lab.cgroup, `kube-proxy-${node.name}`));
		const place = lab.own(new Place(node.place.netns, this.#cgroup));
		const confine = ["unshare", "--mount", "--propagation=private", "sh", "-ec", CONFINED, "sh"];
		const argv = [
			program("kube-proxy"),
			`--proxy-mode=${mode === "nftables" ? "nftables" : "iptables"}`,
			`--kubeconfig=${plane.kubeconfigFile("system:kube-proxy")}`,
			`--hostname-override=${node.name}`,
			"--cluster-cidr=10.1.0.0/16,fd00:10:1::/48",
			"--oom-score-adj=0",
			// The size of the conntrack table is the machine's, not the namespace's.
			"--conntrack-max-per-core=0",
			"--conntrack-tcp-timeout-established=0s",
			"--conntrack-tcp-timeout-close-wait=0s",
			...flags,
		];
		const path = `${iptablesFolder(lab.directory, mode)}:/usr/sbin:/usr/bin:/sbin:/bin`;
		this.#process = place.startLogged(this.logFile, [...confine, ...argv], { PATH: path });
	}

	get pid(): number {
		return this.#process.pid;
	}

	get ended(): boolean {
		return this.#process.ended;
	}

	/** CPU time of kube-proxy and of all programs that it has run so far, in milliseconds. */
	get cpuMs(): number {
		const stat = readFileSync(join(this.#cgroup, "cpu.stat"), "utf8");
		return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1000;
	}

	/**
	 * Waits until a TCP connection to "ADDRESS:PORT" comes about, which nobody but the proxy can
	 * bring about for a ClusterIP, then forgets what the attempts before have left in nf_conntrack.
	 * Throws when the proxy ends or the deadline passes.
	 */
	async ready(client: Place, to: string, deadlineMs = 60_000): Promise<void> {
		const attempt = async (): Promise<true | undefined> => {
			if (this.#process.ended) throw new Error(`kube-proxy ended:\n${this.log}`);
			return (await connects(client, to)) || undefined;
		};
		await until(`kube-proxy (${this.mode}) answers at ${to}`, attempt, deadlineMs);
		this.flush();
	}

	/**
	 * Empties the node's nf_conntrack. A connection that was tried before its Service was programmed has
	 * left an entry without translation, which later packets from the same port would follow.
	 */
	flush(): void {
		this.node.place.run(["conntrack", "-F"]);
	}

	/** The end of its log. */
	get log(): string {
		return readFileSync(this.logFile, "utf8").slice(-6000);
	}

	/** SIGTERM, or SIGKILL: its rules stay. Ends the programs that it was running too. */
	async stop(signal: NodeJS.Signals = "SIGTERM", deadlineMs = 60_000): Promise<void> {
		await this.#process.stop(signal);
		const gone = (): true | undefined => this.#killChildren() === 0 || undefined;
		await until("the programs of kube-proxy have ended", gone, deadlineMs);
	}

	/** Returns how many there still were. */
	#killChildren(): number {
		const pids = readFileSync(join(this.#cgroup, "cgroup.procs"), "utf8")
			.split("\n")
			.filter(Boolean);
		for (const pid of pids) {
			try {
				process.kill(Number(pid), "SIGKILL");
			} catch {
				// It ended by itself meanwhile.
			}
		}
		return pids.length;
	}
}

/** A folder whose iptables programs are those of one interface, whatever the machine prefers. */
function iptablesFolder(parent: string, mode: KubeProxyMode): string {
	const folder = join(parent, `bin-${mode}`);
	if (mkdirSync(folder, { recursive: true }) === undefined) return folder;
	const program = mode === "iptables-legacy" ? "xtables-legacy-multi" : "xtables-nft-multi";
	for (const family of ["iptables", "ip6tables"]) {
		for (const suffix of ["", "-save", "-restore"]) {
			symlinkSync(`/usr/sbin/${program}`, join(folder, `${family}${suffix}`));
		}
	}
	return folder;
}

/** Whether a connection to ADDRESS:PORT comes about. */
async function connects(client: Place, to: string): Promise<boolean> {
	const argv = ["socat", "-u", "OPEN:/dev/null", `TCP:${to},connect-timeout=${ATTEMPT_SEC}`];
	return (await new RunningProcess(client.argv(argv)).exit()) === 0;
}
