import { mkdirSync } from "node:fs";
import { join } from "node:path";

import {
	type AddressPair,
	nodeAddress,
	overlayAddress,
	overlayMac,
	podAddress,
	podSubnet,
	WIRE,
} from "./addresses.ts";
import type { Lab } from "./lab.ts";
import type { Place } from "./place.ts";
import { LabPod } from "./pod.ts";

/** How names of tunnel devices begin. */
const OVERLAY_NAMES = { vxlan: "vx", geneve: "gn", ipip: "ip" } as const;

/** A Kubernetes node: a namespace that forwards, with an uplink to the wire and pods behind it. */
export class LabNode {
	readonly number: number;
	/** Also the name of the Node object. */
	readonly name: string;
	readonly address: AddressPair;
	readonly place: Place;
	readonly uplink: string;
	/** The pods' bridge; "" when pods are routed. */
	readonly bridge: string;
	/** The tunnel device to the other nodes; "" when there is none. */
	readonly overlay: string;
	/** The same for IPv6. */
	readonly overlay6: string;
	/** Parent of the cgroups of the node's own processes and of its pods. */
	readonly cgroup: string;
	/** A bpffs directory for an agent's pins. */
	readonly pinPath: string;
	readonly pods = new Map<string, LabPod>();
	readonly #lab: Lab;

	constructor(lab: Lab, number: number) {
		this.#lab = lab;
		this.number = number;
		this.name = `node${number}`;
		this.address = nodeAddress(number);
		this.uplink = `up-${lab.id}`;
		this.bridge = lab.options.network === "bridged" ? `br-${lab.id}` : "";
		const between = lab.options.between ?? "routes";
		this.overlay = between === "routes" ? "" : `${OVERLAY_NAMES[between]}-${lab.id}`;
		this.overlay6 = between === "ipip" ? `si-${lab.id}` : this.overlay;
		this.cgroup = join(lab.cgroup, `kube-${this.name}`);
		mkdirSync(this.cgroup, { recursive: true });
		this.place = lab.place(this.name, this.cgroup);
		this.pinPath = join(lab.mountBpf(`bpf-${this.name}`), "sluice");
		this.#build();
	}

	/** Adds routes to the pods of the other nodes. */
	connect(nodes: readonly LabNode[]): void {
		const peers = nodes.filter((node) => node !== this);
		if (this.overlay !== "") this.#addOverlay(peers.map((peer) => peer.address.v4));
		for (const peer of peers) this.place.ip(this.#routesTo(peer.number));
	}

	addPod(name: string): LabPod {
		const address = podAddress(this.number, this.pods.size + 2);
		const pod = new LabPod(name, this, address, {
			place: this.#lab.place(`pod-${name}`, this.cgroup),
			device: `${name}-${this.#lab.id}`,
			txChecksum: this.#lab.options.txChecksum !== false,
		});
		this.pods.set(name, pod);
		return pod;
	}

	#build(): void {
		const strict = { rp_filter: 1, log_martians: 1 };
		for (const scope of ["all", "default"]) {
			for (const [name, value] of Object.entries(strict)) {
				this.place.sysctl({ [`net/ipv4/conf/${scope}/${name}`]: value });
			}
		}
		this.place.sysctl({ "net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1 });
		this.#lab.plug(this.place, this.uplink);
		this.place.ip([
			`addr add ${this.address.v4}/24 dev ${this.uplink}`,
			`addr add ${this.address.v6}/64 dev ${this.uplink} nodad`,
			`route add default via ${WIRE.v4}`,
			`route add ::/0 via ${WIRE.v6}`,
		]);
		if (this.bridge !== "") this.#addBridge();
	}

	#addBridge(): void {
		const gateway = podAddress(this.number, 1);
		const bridgeNf = this.#lab.options.bridgeNf ?? 1;
		this.place.sysctl({
			"net/bridge/bridge-nf-call-iptables": bridgeNf,
			"net/bridge/bridge-nf-call-ip6tables": bridgeNf,
		});
		this.place.ip([
			`link add ${this.bridge} type bridge mcast_snooping 0`,
			`link set ${this.bridge} up`,
			`addr add ${gateway.v4}/24 dev ${this.bridge}`,
			`addr add ${gateway.v6}/64 dev ${this.bridge} nodad`,
		]);
	}

	/** `peers`: underlay addresses of the other nodes. */
	#addOverlay(peers: readonly string[]): void {
		const own = overlayAddress(this.number);
		this.place.ip([
			...this.#makeOverlay(peers),
			`addr add ${own.v4}/32 dev ${this.overlay}`,
			`addr add ${own.v6}/128 dev ${this.overlay6} nodad`,
		]);
	}

	#makeOverlay([peer = ""]: readonly string[]): string[] {
		const { overlay, overlay6 } = this;
		const local = this.address.v4;
		const mac = [
			`link set ${overlay} address ${overlayMac(this.number)}`,
			`link set ${overlay} up`,
		];
		switch (this.#lab.options.between) {
			case "ipip":
				return [
					`link add ${overlay} type ipip local ${local} remote ${peer}`,
					`link add ${overlay6} type sit local ${local} remote ${peer}`,
					`link set ${overlay} up`,
					`link set ${overlay6} up`,
				];
			case "geneve":
				return [`link add ${overlay} type geneve id 1 remote ${peer}`, ...mac];
			default:
				// As flannel makes it: no learning, every peer's MAC and underlay address are written down.
				return [
					`link add ${overlay} type vxlan id 1 local ${local} dev ${this.uplink} dstport 8472 nolearning`,
					...mac,
				];
		}
	}

	#routesTo(peer: number): string[] {
		const subnet = podSubnet(peer);
		const underlay = nodeAddress(peer);
		if (this.overlay === "") {
			return [
				`route add ${subnet.v4} via ${underlay.v4}`,
				`route add ${subnet.v6} via ${underlay.v6}`,
			];
		}
		if (this.overlay6 !== this.overlay) {
			return [
				`route add ${subnet.v4} dev ${this.overlay}`,
				`route add ${subnet.v6} dev ${this.overlay6}`,
			];
		}
		const via = overlayAddress(peer);
		const mac = overlayMac(peer);
		if (this.#lab.options.between === "vxlan") {
			this.place.run(["bridge", "fdb", "append", mac, "dev", this.overlay, "dst", underlay.v4]);
		}
		return [
			`neigh add ${via.v4} lladdr ${mac} dev ${this.overlay} nud permanent`,
			`neigh add ${via.v6} lladdr ${mac} dev ${this.overlay} nud permanent`,
			`route add ${subnet.v4} via ${via.v4} dev ${this.overlay} onlink`,
			`route add ${subnet.v6} via ${via.v6} dev ${this.overlay} onlink`,
		];
	}
}
