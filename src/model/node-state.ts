import { familyOf } from "./address.ts";
import { type NodeAddresses, type NodeReach, nodeReach } from "./node-reach.ts";
import type { Address, Cidr, Node } from "./objects.ts";
import type { ServiceProxySettings } from "./proxy-settings.ts";
import type { OwnNode } from "./topology.ts";

/** The own node as its object, its devices and the configuration have it. */
export class NodeState {
	#own: OwnNode;
	#settings: ServiceProxySettings;
	/** undefined: not looked at, as when there is no kernel. */
	#addresses: NodeAddresses | undefined;
	#objectAddresses: readonly Address[] = [];
	#podCIDRs: readonly Cidr[] = [];
	#reach: NodeReach;

	constructor(name: string, settings: ServiceProxySettings) {
		this.#own = { name, zone: "" };
		this.#settings = settings;
		this.#reach = this.#makeReach();
	}

	get own(): OwnNode {
		return this.#own;
	}

	get reach(): NodeReach {
		return this.#reach;
	}

	setSettings(settings: ServiceProxySettings): void {
		this.#settings = settings;
		this.#reach = this.#makeReach();
	}

	setAddresses(addresses: NodeAddresses): void {
		this.#addresses = addresses;
		this.#reach = this.#makeReach();
	}

	/** undefined: there is no Node object; what it said of addresses and prefixes is forgotten. */
	setNode(node: Node | undefined): void {
		const zone = node?.zone ?? "";
		if (zone !== this.#own.zone) this.#own = { name: this.#own.name, zone };
		this.#objectAddresses = node?.addresses ?? [];
		this.#podCIDRs = node?.podCIDRs ?? [];
		this.#reach = this.#makeReach();
	}

	#makeReach(): NodeReach {
		const addresses = this.#addresses ?? nodeObjectAddresses(this.#objectAddresses);
		return nodeReach(this.#settings, addresses, this.#podCIDRs);
	}
}

function nodeObjectAddresses(local: readonly Address[]): NodeAddresses {
	const first = (family: string) => local.filter((one) => familyOf(one) === family).slice(0, 1);
	return { local, primary: [...first("IPv4"), ...first("IPv6")] };
}
