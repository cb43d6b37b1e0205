import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { OUTSIDE_CLIENT, podSubnet, SERVICE_CIDRS, WIRE } from "./addresses.ts";
import { cgroupRoot, makeCgroup, removeCgroup } from "./cgroup.ts";
import { Cleanup } from "./cleanup.ts";
import { command } from "./command.ts";
import { Guards } from "./guards.ts";
import { LabNode } from "./node.ts";
import { Place } from "./place.ts";
import type { LabPod } from "./pod.ts";
import { unmount } from "./unmount.ts";

export interface LabOptions {
	/** Pod name -> node number (from 1). Names have at most 10 characters. */
	readonly pods: Readonly<Record<string, number>>;
	/** How many nodes; default 1. */
	readonly nodes?: number;
	/** routed: /32 and /128 routes to each pod's veth; bridged: pods are ports of a bridge. */
	readonly network?: "routed" | "bridged";
	/** bridge-nf-call-iptables and -ip6tables of the nodes; default 1, as the kernel's. */
	readonly bridgeNf?: 0 | 1;
	/**
	 * How pods of different nodes reach each other; default routes. ipip: devices without Ethernet
	 * header, ipip for IPv4 and sit for IPv6; two nodes at most.
	 */
	readonly between?: "routes" | "vxlan" | "geneve" | "ipip";
	/** Transmit checksum offload of all veths; default true. */
	readonly txChecksum?: boolean;
	/** Rules of the nodes that count and drop what must not be; default true. */
	readonly guarded?: boolean;
}

function labDirectory(id: string): string {
	return join(tmpdir(), `sluice-${id}`);
}

/** Takes down a lab that was left up by keep(), by its id. */
export function removeLab(id: string): void {
	removeCgroup(join(cgroupRoot(), `sluice-${id}`));
	for (const line of command(["ip", "netns", "list"]).split("\n")) {
		const name = line.split(" ")[0] ?? "";
		if (name.startsWith(`sluice-${id}-`)) command(["ip", "netns", "del", name]);
	}
	const directory = labDirectory(id);
	for (const name of readdirSync(directory)) {
		if (name.startsWith("bpf-")) unmount(join(directory, name));
	}
	rmSync(directory, { recursive: true });
}

/**
 * A small cluster of network namespaces: nodes with pods, a client outside, and a wire between
 * them. Everything carries the lab's id, so that labs do not disturb each other; close() removes
 * everything, and so does the end of the process.
 */
export class Lab {
	/** Part of every name that the lab makes. */
	readonly id: string;
	readonly options: LabOptions;
	readonly nodes: LabNode[] = [];
	/** The switch between nodes and the outside client; it has the gateway's address. */
	readonly wire: Place;
	/** A client that is no part of the cluster; routes to pods and services lead over node 1. */
	readonly client: Place;
	readonly guards: Guards;
	/** A directory for the lab's files. */
	readonly directory: string;
	/** Parent of the lab's cgroups. */
	readonly cgroup: string;
	readonly #cleanup = new Cleanup();
	readonly #places: Place[] = [];

	private constructor(options: LabOptions) {
		this.id = randomBytes(2).toString("hex");
		this.options = options;
		this.directory = labDirectory(this.id);
		mkdirSync(this.directory);
		this.#cleanup.add("files", () => rmSync(this.directory, { recursive: true }));
		this.cgroup = makeCgroup(join(cgroupRoot(), `sluice-${this.id}`));
		this.#cleanup.add("cgroups", () => removeCgroup(this.cgroup));
		this.wire = this.place("wire");
		this.client = this.place("client");
		this.guards = new Guards(this.id);
	}

	/** Ends the programs of a place that the lab did not make when the lab is taken down. */
	own(place: Place): Place {
		this.#cleanup.add(`programs in ${place.netns}`, () => place.killAll());
		return place;
	}

	/** Builds a lab; when that fails, nothing is left of it. */
	static create(options: LabOptions): Lab {
		const lab = new Lab(options);
		try {
			lab.#build();
			return lab;
		} catch (error) {
			lab.close();
			throw error;
		}
	}

	/** A namespace of the lab, with a cgroup of its own below `parent`. */
	place(role: string, parent = this.cgroup): Place {
		const netns = `sluice-${this.id}-${role}`;
		command(["ip", "netns", "add", netns]);
		this.#cleanup.add(`namespace ${netns}`, () => command(["ip", "netns", "del", netns]));
		const place = new Place(netns, makeCgroup(join(parent, role)));
		this.#cleanup.add(`programs in ${netns}`, () => place.killAll());
		this.#places.push(place);
		place.sysctl({ "net/ipv6/conf/default/accept_dad": 0, "net/ipv6/conf/all/accept_dad": 0 });
		place.ip(["link set lo up"]);
		return place;
	}

	/** A bpffs mount of the lab's own. Agents hold it, so they end before it goes. */
	mountBpf(name: string): string {
		const path = join(this.directory, name);
		mkdirSync(path);
		command(["mount", "-t", "bpf", "bpf", path]);
		this.#cleanup.add(`bpffs ${path}`, () => {
			for (const place of this.#places) place.killAll();
			unmount(path);
		});
		return path;
	}

	pod(name: string): LabPod {
		for (const node of this.nodes) {
			const pod = node.pods.get(name);
			if (pod) return pod;
		}
		throw new Error(`the lab has no pod ${name}`);
	}

	node(number: number): LabNode {
		const node = this.nodes[number - 1];
		if (!node) throw new Error(`the lab has no node ${number}`);
		return node;
	}

	/** Adds a pod to a running lab. */
	addPod(name: string, node: number): LabPod {
		const pod = this.node(node).addPod(name);
		this.guards.watch(name, pod.place);
		return pod;
	}

	/** Connects a namespace to the wire with a device of the given name. */
	plug(place: Place, device: string): void {
		const port = `${this.#role(place)}-port`.slice(-15);
		this.wire.ip([
			`link add ${port} type veth peer name ${device} netns ${place.netns}`,
			`link set ${port} master wire up`,
		]);
		place.ip([`link set ${device} up`]);
		if (this.options.txChecksum === false) {
			this.wire.run(["ethtool", "-K", port, "tx", "off"]);
			place.run(["ethtool", "-K", device, "tx", "off"]);
		}
	}

	/** Takes everything down. Safe to call twice. */
	close(): void {
		this.#cleanup.run();
	}

	/** Leaves everything up, also when the process ends. */
	keep(): void {
		this.#cleanup.disarm();
	}

	#build(): void {
		this.wire.ip([
			"link add wire type bridge",
			"link set wire up",
			`addr add ${WIRE.v4}/24 dev wire`,
			`addr add ${WIRE.v6}/64 dev wire nodad`,
		]);
		for (let number = 1; number <= (this.options.nodes ?? 1); number++) {
			this.nodes.push(new LabNode(this, number));
		}
		for (const node of this.nodes) node.connect(this.nodes);
		for (const [name, node] of Object.entries(this.options.pods)) this.node(node).addPod(name);
		this.#connectClient();
		for (const place of this.#places) this.guards.watch(this.#role(place), place);
		if (this.options.guarded === false) return;
		for (const node of this.nodes) this.guards.install(node.name, node.place);
	}

	#role(place: Place): string {
		return place.netns.slice(`sluice-${this.id}-`.length);
	}

	#connectClient(): void {
		this.plug(this.client, "eth0");
		const via = this.node(1).address;
		this.client.ip([
			`addr add ${OUTSIDE_CLIENT.v4}/24 dev eth0`,
			`addr add ${OUTSIDE_CLIENT.v6}/64 dev eth0 nodad`,
			`route add ${podSubnet(1).v4} via ${via.v4}`,
			`route add ${SERVICE_CIDRS[0]} via ${via.v4}`,
			`route add ${podSubnet(1).v6} via ${via.v6}`,
			`route add ${SERVICE_CIDRS[1]} via ${via.v6}`,
		]);
	}
}
