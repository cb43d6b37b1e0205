/** Keeps the settings map in line with the configuration and with the node's addresses. */
import type { AgentConfig } from "../config.ts";
import type { MapPort } from "../dataplane/port.ts";
import type { Family } from "../model/objects.ts";
import type { NetworkView } from "./device-view.ts";
import { nodeAddress } from "./node-address.ts";
import { type NodeFacts, settingsRecord, writeSettings } from "./settings.ts";

export const FAMILIES: readonly Family[] = ["IPv4", "IPv6"];

export class NodeSettings {
	readonly #config: AgentConfig;
	readonly #map: MapPort;
	readonly #facts: Pick<NodeFacts, "hz" | "filterBits">;
	#view: NetworkView = { links: [], addresses: [], routes: [] };
	#nodeAddresses: readonly string[] = [];

	constructor(config: AgentConfig, map: MapPort, facts: Pick<NodeFacts, "hz" | "filterBits">) {
		this.#config = config;
		this.#map = map;
		this.#facts = facts;
	}

	setView(view: NetworkView): void {
		this.#view = view;
		this.#write();
	}

	/** Addresses of the Node object. */
	setNodeAddresses(addresses: readonly string[]): void {
		this.#nodeAddresses = addresses;
		if (this.#view.links.length > 0) this.#write();
	}

	#write(): void {
		const address = (family: Family): string =>
			nodeAddress(this.#view, family, this.#config.nodeAddress, this.#nodeAddresses);
		const facts = { ...this.#facts, node4: address("IPv4"), node6: address("IPv6") };
		writeSettings(this.#map, settingsRecord(this.#config, facts));
	}
}
