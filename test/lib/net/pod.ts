import { type AddressPair, POD_GATEWAY, podAddress } from "./addresses.ts";
import type { LabNode } from "./node.ts";
import type { Place } from "./place.ts";

/** A pod: a namespace with one device, eth0, whose other end is on the node. */
export class LabPod {
	readonly name: string;
	readonly node: LabNode;
	readonly address: AddressPair;
	readonly place: Place;
	/** The node's end of the pod's veth pair. */
	readonly hostDevice: string;

	constructor(
		name: string,
		node: LabNode,
		address: AddressPair,
		wiring: { place: Place; device: string; txChecksum: boolean },
	) {
		this.name = name;
		this.node = node;
		this.address = address;
		this.place = wiring.place;
		this.hostDevice = wiring.device;
		this.place.sysctl({
			"net/ipv4/conf/all/rp_filter": 1,
			"net/ipv4/conf/default/rp_filter": 1,
			"net/ipv4/conf/all/log_martians": 1,
			"net/ipv4/conf/default/log_martians": 1,
		});
		node.place.ip([
			`link add ${this.hostDevice} type veth peer name eth0 netns ${this.place.netns}`,
		]);
		if (!wiring.txChecksum) {
			node.place.run(["ethtool", "-K", this.hostDevice, "tx", "off"]);
			this.place.run(["ethtool", "-K", "eth0", "tx", "off"]);
		}
		if (node.bridge === "") this.#addRouted();
		else this.#addBridged();
	}

	/** As Calico does it: a /32 in the pod, its gateway answered by proxy ARP. */
	#addRouted(): void {
		const { v4, v6 } = this.address;
		this.node.place.sysctl({
			[`net/ipv4/conf/${this.hostDevice}/proxy_arp`]: 1,
			[`net/ipv4/neigh/${this.hostDevice}/proxy_delay`]: 0,
		});
		this.node.place.ip([
			`addr add ${POD_GATEWAY.v6}/64 dev ${this.hostDevice} nodad`,
			`link set ${this.hostDevice} up`,
			`route add ${v4}/32 dev ${this.hostDevice} scope link`,
			`route add ${v6}/128 dev ${this.hostDevice}`,
		]);
		this.place.ip([
			"link set eth0 up",
			`addr add ${v4}/32 dev eth0`,
			`addr add ${v6}/128 dev eth0 nodad`,
			`route add ${POD_GATEWAY.v4} dev eth0 scope link`,
			`route add default via ${POD_GATEWAY.v4} dev eth0`,
			`route add ::/0 via ${POD_GATEWAY.v6} dev eth0`,
		]);
	}

	#addBridged(): void {
		const gateway = podAddress(this.node.number, 1);
		this.node.place.ip([
			`link set ${this.hostDevice} master ${this.node.bridge}`,
			`link set ${this.hostDevice} up`,
		]);
		this.place.ip([
			"link set eth0 up",
			`addr add ${this.address.v4}/24 dev eth0`,
			`addr add ${this.address.v6}/64 dev eth0 nodad`,
			`route add default via ${gateway.v4}`,
			`route add ::/0 via ${gateway.v6}`,
		]);
	}
}
