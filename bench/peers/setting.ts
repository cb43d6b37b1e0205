import { Cluster } from "../../test/cluster/lib/cluster.ts";
import type { KubeProxyMode } from "../../test/cluster/lib/kube-proxy.ts";
import { putObjects } from "../agent/etcd.ts";
import { Pair, pairPods } from "../connections/pair.ts";
import { PATHS } from "../connections/paths.ts";
import type { Progress } from "../lib/section.ts";
import { clusterObjects } from "./objects.ts";
import { direct, kubeProxy, type Seat, type Subject, sluice } from "./subject.ts";

/** A kube-proxy that does not serve by then is a row that says so. */
export const LIMIT_SEC = 180;
/** The nft backend of iptables does not finish at 5,000 Services. */
const NFT_BACKEND_MOST = 1000;

/** A cluster with everything that is compared at one size. */
export interface Setting {
	readonly cluster: Cluster;
	readonly subjects: readonly Subject[];
	/** Modes of kube-proxy that did not serve in time. */
	readonly unfinished: readonly KubeProxyMode[];
}

/** The kube-proxies that are measured at a size. */
export function modesAt(services: number): readonly KubeProxyMode[] {
	if (services > NFT_BACKEND_MOST) return ["iptables-legacy", "nftables"];
	return ["iptables-legacy", "iptables-nft", "nftables"];
}

/** Builds the cluster, stores its objects, and starts everything. */
export async function prepare(size: number, progress: Progress): Promise<Setting> {
	const modes = modesAt(size);
	const nodes = 1 + PATHS.length + modes.length;
	progress(`${size} services: the control plane`);
	// The guards' rules would have nf_conntrack look at every packet, which is not what is measured.
	const cluster = await Cluster.create({ nodes, pods: pairPods(nodes), guarded: false });
	try {
		const take = await seatsOf(cluster, size);
		const subjects = [direct(take())];
		for (const path of PATHS) {
			progress(`${size} services: Sluice, ${path.name}`);
			subjects.push(await sluice(take(), path));
		}
		progress(`${size} services: kube-proxy ${modes.join(", ")}`);
		const proxies = await Promise.all(
			modes.map(async (mode) => ({
				mode,
				subject: await kubeProxy(take(), mode, LIMIT_SEC * 1000),
			})),
		);
		const unfinished: KubeProxyMode[] = [];
		for (const { mode, subject } of proxies) {
			if (subject === undefined) unfinished.push(mode);
			else subjects.push(subject);
		}
		return { cluster, subjects, unfinished };
	} catch (error) {
		cluster.close();
		throw error;
	}
}

/** Stores the objects; each call of what it returns takes the next node. */
async function seatsOf(cluster: Cluster, size: number): Promise<() => Seat> {
	const pairs: Pair[] = [];
	for (const { number } of cluster.lab.nodes) pairs.push(await Pair.start(cluster.lab, number));
	const addresses = pairs.map(({ server }) => server.address.v4);
	const { objects, own } = clusterObjects(size, addresses);
	putObjects(cluster.lab, objects);
	let next = 0;
	return () => {
		const index = next++;
		const [pair, targets] = [pairs[index], own[index]];
		if (pair === undefined || targets === undefined) throw new Error("no node is left");
		return { cluster, index, pair, own: targets };
	};
}
