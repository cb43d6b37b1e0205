/** Tells the model, and the programs, which addresses the node has. */
import type { Cluster } from "../model/cluster.ts";
import type { NodeAddresses } from "../model/node-reach.ts";
import type { NetworkView } from "./device-view.ts";
import type { NodeSettings } from "./node-settings.ts";

/** Where kube-proxy's mode ipvs puts service addresses: they are nobody's own. */
const IPVS_DEVICE = "kube-ipvs0";

export class AddressFollower {
	readonly #cluster: Cluster;
	readonly #settings: NodeSettings;
	readonly #onChange: () => void;
	#view: NetworkView | undefined;

	/** @param onChange Services may have to be looked at again */
	constructor(cluster: Cluster, settings: NodeSettings, onChange: () => void) {
		this.#cluster = cluster;
		this.#settings = settings;
		this.#onChange = onChange;
	}

	/** The network as it is now. */
	setView(view: NetworkView): void {
		this.#view = view;
		this.#settings.setView(view);
		this.#tell(view);
	}

	/** Addresses of the Node object. */
	setNodeAddresses(addresses: readonly string[]): void {
		this.#settings.setNodeAddresses(addresses);
		this.refresh();
	}

	/** What the settings say of the own addresses may have changed. */
	refresh(): void {
		if (this.#view !== undefined) this.#tell(this.#view);
	}

	#tell(view: NetworkView): void {
		this.#cluster.setNodeAddresses(addressesOf(view, this.#settings.primaryAddresses));
		this.#onChange();
	}
}

export function addressesOf(view: NetworkView, primary: readonly string[]): NodeAddresses {
	const ipvs = view.links.find(({ name }) => name === IPVS_DEVICE)?.ifindex;
	const own = view.addresses.filter(({ ifindex }) => ifindex !== ipvs);
	return { local: [...new Set(own.map(({ address }) => address))], primary };
}
