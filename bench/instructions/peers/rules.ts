import type { Cluster } from "../../../test/cluster/lib/cluster.ts";
import { KubeProxy } from "../../../test/cluster/lib/kube-proxy.ts";
import { until } from "../../../test/lib/net/command.ts";
import { clusterAddress } from "../../lib/objects.ts";
import type { Rules } from "./capture.ts";

const LIMIT_MS = 300_000;

/** Of each mode: kube-proxy's own, and how its rules are listed so that they can be loaded again. */
const MODES = {
	iptables: { mode: "iptables-legacy", list: ["iptables-legacy-save"] },
	nftables: { mode: "nftables", list: ["nft", "list", "ruleset", "ip"] },
} as const;

/** Runs kube-proxy on the cluster's node until all Services are programmed, and lists its rules. */
export async function captureRules(
	cluster: Cluster,
	set: keyof typeof MODES,
	services: number,
): Promise<Rules> {
	const { mode, list } = MODES[set];
	const node = cluster.lab.node(1);
	const proxy = new KubeProxy(cluster, node, mode);
	try {
		const rules = await settled(() => node.place.run(list), services);
		return { [set]: rules };
	} catch (error) {
		throw new Error(`${mode}: ${String(error)}\n${proxy.log}`);
	} finally {
		await proxy.stop();
	}
}

/** What is listed once every Service is in it and nothing has changed since it was listed before. */
export async function settled(list: () => string, services: number): Promise<string> {
	const addresses = Array.from({ length: services }, (_, number) => clusterAddress(number));
	let before = "";
	return await until(
		`rules of ${services} services`,
		() => {
			const now = list();
			const words = new Set(now.split(/[\s,:/]+/));
			const isStable = stable(now) === stable(before);
			before = now;
			return (isStable && addresses.every((address) => words.has(address)) && now) || undefined;
		},
		LIMIT_MS,
	);
}

/** Without counters and times. */
function stable(rules: string): string {
	return rules.replaceAll(/^#.*$|\[\d+:\d+\]|packets \d+ bytes \d+/gm, "");
}
