import type { Cluster } from "../../test/cluster/lib/cluster.ts";
import { KubeProxy, type KubeProxyMode } from "../../test/cluster/lib/kube-proxy.ts";
import type { Pair } from "../connections/pair.ts";
import { STREAM_PORT } from "../connections/pair.ts";
import { checkWay, type Path } from "../connections/paths.ts";
import { startAgent } from "../lib/agent.ts";
import { TARGET_PORT } from "../lib/objects.ts";
import { chainOrder, nearest } from "./chain.ts";
import type { OwnTargets } from "./objects.ts";

/** What is compared: a node with a pair, and what makes Services work there. */
export interface Subject {
	readonly name: string;
	/** Connections to measure, by what is special about them; "" where nothing is. */
	readonly connections: Readonly<Record<string, Connections>>;
	/** Where streams go. */
	readonly stream: string;
	readonly pair: Pair;
	/** What its start has shown. */
	readonly note: string;
	/** To be called before each measurement. */
	prepare(): void;
	/** Throws when the traffic so far did not go as it should. */
	check(): void;
}

/** Who asks whom ("ADDRESS:PORT"). */
export interface Connections {
	readonly pair: Pair;
	readonly to: string;
}

/** A node in the cluster, by its index, with its pair and the Services that lead to it. */
export interface Seat {
	readonly cluster: Cluster;
	readonly index: number;
	readonly pair: Pair;
	readonly own: OwnTargets;
}

const nothing = (): void => undefined;

/** The pod's own address, on a node where nobody makes Services work. */
export function direct({ pair }: Seat): Subject {
	return {
		...{ name: "direct", pair, note: "", prepare: nothing, check: nothing },
		connections: { "": { pair, to: pair.direct(TARGET_PORT) } },
		stream: pair.direct(STREAM_PORT),
	};
}

/** An agent of the real API server. */
export async function sluice({ cluster, index, pair, own }: Seat, path: Path): Promise<Subject> {
	const node = cluster.lab.node(index + 1);
	await startAgent(cluster.lab, node, cluster.agentSource, path.flags);
	return {
		...{ name: path.name, pair, note: "", prepare: nothing },
		connections: { "": { pair, to: first(own) } },
		stream: own.stream,
		check: () => checkWay(path, node.pinPath),
	};
}

/** The real kube-proxy; undefined when it does not serve within the limit. */
export async function kubeProxy(
	seat: Seat,
	mode: KubeProxyMode,
	limitMs: number,
): Promise<Subject | undefined> {
	const { cluster, index, pair, own } = seat;
	const proxy = new KubeProxy(cluster, cluster.lab.node(index + 1), mode);
	try {
		await proxy.ready(pair.client.place, first(own), limitMs);
	} catch (error) {
		if (proxy.ended) throw error;
		await proxy.stop("SIGKILL", limitMs);
		return undefined;
	}
	const placed =
		mode === "nftables" || own.connections.length < 2
			? { connections: { "": { pair, to: first(own) } }, note: "" }
			: placedConnections(proxy, seat);
	return {
		...{ name: `kube-proxy ${mode}`, pair, check: nothing, stream: own.stream },
		...placed,
		prepare: () => proxy.flush(),
	};
}

function first({ connections }: OwnTargets): string {
	const [target] = connections;
	if (target === undefined) throw new Error("the node has no Service");
	return target;
}

/**
 * iptables compares a packet with one rule after the other, where nftables looks into a map: the
 * node's Services nearest to the last rule and to the middle. Each has a client of its own: over two
 * Services one client would use the same ports at the server, whose TIME_WAIT then refuses them.
 */
function placedConnections({ mode, node }: KubeProxy, { cluster, pair, own }: Seat) {
	const order = chainOrder(node.place.run([mode, "-t", "nat", "-S", "KUBE-SERVICES"]));
	const last = nearest(order, own.connections, 1);
	const middle = nearest(order, own.connections, 0.5);
	const other = pair.withClient(cluster.lab.addPod(`second${node.number}`, node.number));
	return {
		connections: {
			"last rule": { pair, to: last.target },
			"middle rule": { pair: other, to: middle.target },
		},
		note: `rules ${last.place + 1} and ${middle.place + 1} of ${order.length}`,
	};
}
