/** Keeps the settings map in line with the configuration and with the node's addresses. */
import type { AgentConfig } from "../config.ts";
import type { MapPort } from "../dataplane/port.ts";
import { PreviousFlows, Settings } from "../layout/structs.ts";
import type { Family } from "../model/objects.ts";
import type { NetworkView } from "./device-view.ts";
import { nodeAddress } from "./node-address.ts";
import { type NodeFacts, settingsRecord, storedAddresses, writeSettings } from "./settings.ts";

export const FAMILIES: readonly Family[] = ["IPv4", "IPv6"];

export class NodeSettings {
	#config: AgentConfig;
	readonly #map: MapPort;
	readonly #facts: Pick<NodeFacts, "hz" | "filterBits">;
	#view: NetworkView = { links: [], addresses: [], routes: [] };
	/** Until the Node object is known, what an earlier agent knew: it decides what stays attached. */
	#nodeAddresses: readonly string[];
	#previous: number = PreviousFlows.PREVIOUS_NONE;

	constructor(config: AgentConfig, map: MapPort, facts: Pick<NodeFacts, "hz" | "filterBits">) {
		this.#config = config;
		this.#map = map;
		this.#facts = facts;
		this.#nodeAddresses = storedAddresses(map);
	}

	get nodeAddresses(): readonly string[] {
		return this.#nodeAddresses;
	}

	setView(view: NetworkView): void {
		this.#view = view;
		this.#write();
	}

	/** Timeouts, and the node's own address if it is given. */
	setConfig(config: AgentConfig): void {
		this.#config = config;
		if (this.#view.links.length > 0) this.#write();
	}

	/** Addresses of the Node object. */
	setNodeAddresses(addresses: readonly string[]): void {
		this.#nodeAddresses = addresses;
		if (this.#view.links.length > 0) this.#write();
	}

	/** What the programs do with the flow table of the release before: enum previous_flows. */
	setPrevious(mode: number): void {
		this.#previous = mode;
		new DataView(this.#map.memory()).setUint8(Settings.OFFSET.previous, mode);
	}

	/** The node's own address of each family, as far as it has one. */
	get primaryAddresses(): readonly string[] {
		return FAMILIES.map((family) => this.#address(family)).filter((address) => address !== "");
	}

	#address(family: Family): string {
		return nodeAddress(this.#view, family, this.#config.nodeAddress, this.#nodeAddresses);
	}

	#write(): void {
		const [node4, node6] = [this.#address("IPv4"), this.#address("IPv6")];
		const facts = { ...this.#facts, previous: this.#previous, node4, node6 };
		writeSettings(this.#map, settingsRecord(this.#config, facts));
	}
}
