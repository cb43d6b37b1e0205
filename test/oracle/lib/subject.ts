/** The loaded programs over maps that the agent's own code has filled from the objects. */

import { type Kind, toChange } from "../../../src/kube/change.ts";
import { Interner } from "../../../src/kube/intern.ts";
import { DropReason } from "../../../src/layout/structs.ts";
import { Cluster } from "../../../src/model/cluster.ts";
import { DEFAULT_PROXY_SETTINGS } from "../../../src/model/proxy-settings.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { Syncer } from "../../../src/sync/syncer.ts";
import { NODE4, NODE6 } from "../../bpf/lib/topology.ts";
import { ACTION, World } from "../../bpf/lib/world.ts";
import { echoRequest, packet } from "../../lib/packet.ts";
import { decode } from "../../lib/packet-decode.ts";
import type { Question, Scene } from "./objects.ts";
import { CLIENTS, NODE_NAME } from "./scene.ts";

/** What became of a packet, in the words that a verdict of the oracle is held against. */
export interface Observed {
	readonly kind: "pass" | "drop" | "reject" | "echo" | "to";
	/** Name of the reason that was counted; "": none. */
	readonly reason: string;
	/** Where it goes, for "pass" and "to": an endpoint may be the very address and port that was asked. */
	readonly to: string;
	/** Whose address the receiver sees, for the same. */
	readonly source: string;
}

const REASONS = Object.entries(DropReason).filter(([name]) => name !== "DROP_REASONS");
const PORTS: readonly (keyof SyncPorts)[] = [
	...(["services", "slots", "backends", "filter", "backend_stats", "service_stats"] as const),
	...([
		"frontends",
		"names",
		"tombstones",
		"ranges",
		"sources",
		"service_cidrs",
		"control",
	] as const),
];

export class Subject {
	readonly #world = new World();
	#port = 0;

	/** Everything as after a start with these objects. */
	async load(scene: Scene): Promise<void> {
		this.#world.reset();
		this.#port = 20_000;
		const cluster = new Cluster(NODE_NAME, {
			...DEFAULT_PROXY_SETTINGS,
			masqueradeAll: scene.masqueradeAll,
			detectLocalMode: scene.detectLocalMode,
			clusterCIDRs: scene.clusterCIDRs,
			nodePortAddresses: scene.nodePortAddresses,
			externalIPsAllowed: scene.externalIPsAllowed,
		});
		const interner = new Interner();
		const objects = [...scene.services, ...scene.slices, nodeObject(scene), ...cidrObjects(scene)];
		cluster.apply(objects.map((object) => toChange(object.kind as Kind, object, interner)));
		const ports = Object.fromEntries(PORTS.map((name) => [name, this.#world.map(name)]));
		const syncer = new Syncer(cluster, ports as unknown as SyncPorts);
		await syncer.adopt();
		await syncer.syncOnce();
		const { failures, fullMaps } = syncer.status();
		if (failures.size + fullMaps.size > 0) throw new Error(`${[...failures, ...fullMaps]}`);
	}

	ask(question: Question): Observed {
		const { program, device, address } = CLIENTS[question.client];
		const frame = frameOf(question, address[question.family], this.#port++);
		const before = this.#drops();
		const { action, packet: after } = this.#world.run(program, device, frame);
		const now = this.#drops();
		const reason = REASONS.map(([name]) => name).find((_, i) => now[i] !== before[i]) ?? "";
		const { src = "", dst = "", dport = 0, icmp } = decode(after);
		const is = (kind: Observed["kind"]): Observed => ({ kind, reason, to: "", source: "" });
		if (action === ACTION.drop) return is("drop");
		if (icmp && reason !== "") return is("reject");
		if (icmp && (icmp.type === 0 || icmp.type === 129)) return is("echo");
		const isSame = dst === question.address && dport === question.port;
		return { ...is(isSame ? "pass" : "to"), to: `${dst} ${dport}`, source: src };
	}

	#drops(): number[] {
		return REASONS.map(([, reason]) => this.#world.drops(reason));
	}
}

const NAMES = { TCP: "tcp", UDP: "udp", SCTP: "sctp" } as const;

function frameOf({ address, port, proto }: Question, src: string, sport: number): Uint8Array {
	if (proto === "ICMP") return echoRequest({ src, dst: address, payload: new Uint8Array(8) });
	const dst = address;
	return packet({ src, dst, sport, dport: port, proto: NAMES[proto] });
}

function nodeObject({ zone, podCIDRs }: Scene) {
	return {
		apiVersion: "v1",
		kind: "Node",
		metadata: { name: NODE_NAME, labels: zone ? { "topology.kubernetes.io/zone": zone } : {} },
		spec: { podCIDR: podCIDRs[0], podCIDRs },
		status: { addresses: [NODE4, NODE6].map((address) => ({ type: "InternalIP", address })) },
	};
}

function cidrObjects({ serviceCIDRs: cidrs }: Scene) {
	if (cidrs.length === 0) return [];
	const metadata = { name: "kubernetes" };
	return [{ apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR", metadata, spec: { cidrs } }];
}
