import { AddressUses } from "./address-uses.ts";
import { Claims } from "./claims.ts";
import { conflictsOf } from "./conflicts.ts";
import { claimsOf, type Frontend, hasNodePorts, unservedAddresses } from "./frontends.ts";
import type { NodeAddresses, NodeReach } from "./node-reach.ts";
import { NodeState } from "./node-state.ts";
import { splitKey } from "./object-key.ts";
import type {
	Address,
	Change,
	Cidr,
	EndpointSlice,
	Node,
	ObjectKey,
	Service,
	ServiceCIDR,
	Skip,
} from "./objects.ts";
import { DEFAULT_PROXY_SETTINGS, type ServiceProxySettings } from "./proxy-settings.ts";
import { healthPortOf } from "./reach.ts";
import type { OwnNode } from "./topology.ts";

/** All that decides what one Service is in the maps. */
export interface ServiceView {
	readonly key: ObjectKey;
	readonly service: Service;
	/** In a stable order. */
	readonly slices: readonly EndpointSlice[];
	readonly node: OwnNode;
	readonly reach: NodeReach;
	/** Whether the frontend is this Service's and not an equal one's of another Service. */
	readonly owns: (frontend: Frontend) => boolean;
}

/**
 * The objects as they are now, and which Services changed since somebody asked. Level-triggered:
 * applying a change twice, or in another order across objects, ends in the same state.
 */
export class Cluster {
	readonly #services = new Map<ObjectKey, Service>();
	readonly #slices = new Map<ObjectKey, EndpointSlice>();
	/** Service -> keys of its slices. */
	readonly #slicesOf = new Map<ObjectKey, readonly ObjectKey[]>();
	readonly #cidrs = new Map<ObjectKey, ServiceCIDR>();
	/** Services of other proxies. */
	readonly #foreign = new Set<ObjectKey>();
	readonly #claims = new Claims();
	readonly #addresses = new AddressUses();
	readonly #skips = new Map<string, readonly Skip[]>();
	readonly #triggers = new Map<ObjectKey, number[]>();
	#dirty = new Set<ObjectKey>();
	/** Something changed that belongs to no Service. */
	#isNodeDirty = false;
	readonly #node: NodeState;

	/** @param nodeName the own node's name; compared in lower case, as host names are. */
	constructor(nodeName: string, settings: ServiceProxySettings = DEFAULT_PROXY_SETTINGS) {
		this.#node = new NodeState(nodeName.trim().toLowerCase(), settings);
	}

	get node(): OwnNode {
		return this.#node.own;
	}

	/** What node and configuration say about every Service. */
	get reach(): NodeReach {
		return this.#node.reach;
	}

	/** Replaces the configuration; Services are looked at again when that matters to them. */
	setSettings(settings: ServiceProxySettings): void {
		this.#node.setSettings(settings);
		this.#isNodeDirty = true;
		for (const [key, service] of this.#services) {
			this.#claim(key, service);
			this.#dirty.add(key);
		}
	}

	/** The addresses that this node really has; until then it has those of its Node object. */
	setNodeAddresses(addresses: NodeAddresses): void {
		this.#followNode(() => this.#node.setAddresses(addresses));
	}

	/**
	 * Prefixes of which all addresses are known; empty: none. While there are Services of other proxies nothing is
	 * known of an address that has no Service of ours: packets to it may be translated later on their way.
	 */
	serviceCIDRs(): Set<Cidr> {
		if (this.#foreign.size > 0) return new Set();
		return new Set([...this.#cidrs.values()].flatMap(({ cidrs }) => cidrs));
	}

	/** Whether a Service has the cluster IP. */
	hasAddress(address: Address): boolean {
		return this.#addresses.has(address);
	}

	/** Cluster IPs that no Service has any more, since the last call. */
	takeFreedAddresses(): Set<Address> {
		return this.#addresses.takeFreed();
	}

	apply(changes: readonly Change[]): void {
		for (const change of changes) {
			const skipKey = `${change.kind} ${change.key}`;
			if (change.skips.length > 0) this.#skips.set(skipKey, change.skips);
			else this.#skips.delete(skipKey);
			if (change.kind === "service") this.#putForeign(change.key, change.isForeign ?? false);
			if (change.kind === "service") this.#putService(change.key, change.object);
			else if (change.kind === "slice") this.#putSlice(change.key, change.object);
			else if (change.kind === "cidr") this.#putCIDR(change.key, change.object);
			else this.#putNode(change.key, change.object);
		}
	}

	/** Services that changed since the last call, gone ones included. */
	takeDirty(): Set<ObjectKey> {
		const dirty = this.#dirty;
		this.#dirty = new Set();
		this.#isNodeDirty = false;
		return dirty;
	}

	/** Has the Service looked at again. */
	markDirty(key: ObjectKey): void {
		this.#dirty.add(key);
	}

	/** Whether anything is to be looked at: Services, addresses or prefixes. */
	get hasDirty(): boolean {
		return this.#dirty.size > 0 || this.#isNodeDirty;
	}

	/** undefined when the Service does not exist. */
	view(key: ObjectKey): ServiceView | undefined {
		const service = this.#services.get(key);
		if (!service) return undefined;
		const slices = [...(this.#slicesOf.get(key) ?? [])]
			.sort()
			.map((sliceKey) => this.#slices.get(sliceKey))
			.filter((slice) => slice !== undefined);
		const owns = (frontend: Frontend) => this.ownerOf(frontend) === key;
		return { key, service, slices, node: this.node, reach: this.reach, owns };
	}

	/** The port at which load balancers ask for the Service's health; 0: none, or no such Service. */
	healthPort(key: ObjectKey): number {
		const service = this.#services.get(key);
		return service ? healthPortOf(service) : 0;
	}

	has(key: ObjectKey): boolean {
		return this.#services.has(key);
	}

	keys(): IterableIterator<ObjectKey> {
		return this.#services.keys();
	}

	get size(): number {
		return this.#services.size;
	}

	/**
	 * Times at which somebody caused the slice changes of this Service since the last call, in ms
	 * since 1970 (annotation endpoints.kubernetes.io/last-change-trigger-time).
	 */
	takeTriggers(key: ObjectKey): readonly number[] {
		const triggers = this.#triggers.get(key) ?? [];
		this.#triggers.delete(key);
		return triggers;
	}

	/** The Service that has a frontend. */
	ownerOf(frontend: Frontend): ObjectKey | undefined {
		return this.#claims.owner(frontend, this.reach.nodePortAddresses.has(frontend.address));
	}

	/** What of a Service is not served because of the configuration or of its own families. */
	unserved(key: ObjectKey): Skip[] {
		const service = this.#services.get(key);
		const reasons = service ? unservedAddresses(service, this.reach) : [];
		return reasons.map((reason) => ({ object: `Service ${key}`, reason }));
	}

	/** Everything that is not served, sorted by object and reason. */
	skips(): Skip[] {
		const all = [...this.#skips.values()].flat();
		for (const [key, service] of this.#services) {
			const reasons = conflictsOf(service, this.reach, (frontend) => {
				const owner = this.ownerOf(frontend);
				return owner === key ? undefined : owner;
			});
			all.push(...reasons.map((reason) => ({ object: `Service ${key}`, reason })));
		}
		return all.sort((a, b) => compareText(a.object, b.object) || compareText(a.reason, b.reason));
	}

	#putService(key: ObjectKey, service: Service | undefined): void {
		if (!service && !this.#services.has(key)) return;
		this.#addresses.replace(this.#services.get(key)?.clusterIPs ?? [], service?.clusterIPs ?? []);
		if (service) this.#services.set(key, service);
		else this.#services.delete(key);
		this.#claim(key, service);
		this.#dirty.add(key);
	}

	#putForeign(key: ObjectKey, isForeign: boolean): void {
		const before = this.#foreign.size;
		if (isForeign) this.#foreign.add(key);
		else this.#foreign.delete(key);
		this.#isNodeDirty ||= (before === 0) !== (this.#foreign.size === 0);
	}

	#claim(key: ObjectKey, service: Service | undefined): void {
		const claims = service ? claimsOf(service, this.reach) : [];
		for (const other of this.#claims.replace(key, claims)) this.#dirty.add(other);
	}

	#putSlice(key: ObjectKey, slice: EndpointSlice | undefined): void {
		const before = this.#slices.get(key);
		if (before) {
			const owner = serviceOf(before);
			const siblings = (this.#slicesOf.get(owner) ?? []).filter((sibling) => sibling !== key);
			if (siblings.length > 0) this.#slicesOf.set(owner, siblings);
			else this.#slicesOf.delete(owner);
			this.#slices.delete(key);
			this.#dirty.add(owner);
		}
		if (!slice) return;
		const owner = serviceOf(slice);
		this.#slicesOf.set(owner, [...(this.#slicesOf.get(owner) ?? []), key]);
		this.#slices.set(key, slice);
		this.#dirty.add(owner);
		this.#noteTrigger(owner, slice.triggerTimeMs, before?.triggerTimeMs ?? 0);
	}

	#noteTrigger(owner: ObjectKey, timeMs: number, before: number): void {
		if (timeMs === 0 || timeMs === before) return;
		const triggers = this.#triggers.get(owner);
		if (triggers) triggers.push(timeMs);
		else this.#triggers.set(owner, [timeMs]);
	}

	#putCIDR(key: ObjectKey, cidr: ServiceCIDR | undefined): void {
		if (cidr) this.#cidrs.set(key, cidr);
		else this.#cidrs.delete(key);
		this.#isNodeDirty = true;
	}

	/** Only the own node counts. */
	#putNode(key: ObjectKey, node: Node | undefined): void {
		const name = node?.name ?? splitKey(key).name;
		if (name !== this.node.name) return;
		this.#followNode(() => this.#node.setNode(node));
	}

	/** Changes the node's state, and has those Services looked at again to which it matters. */
	#followNode(change: () => void): void {
		const [own, reach] = [this.node, this.reach];
		change();
		this.#isNodeDirty ||= !isSameSet(new Set(reach.podCIDRs), new Set(this.reach.podCIDRs));
		const concerns = concernedBy(own.zone !== this.node.zone, reach, this.reach);
		if (!concerns) return;
		for (const [key, service] of this.#services) if (concerns(service)) this.#dirty.add(key);
	}
}

/** Which Services a change of the node concerns; undefined: none. */
function concernedBy(
	isElsewhere: boolean,
	before: NodeReach,
	after: NodeReach,
): ((service: Service) => boolean) | undefined {
	if (isElsewhere || !isSameSet(before.detects, after.detects)) return () => true;
	const ports = !isSameSet(before.nodePortAddresses, after.nodePortAddresses);
	const ranges = !isSameSet(new Set(before.primary), new Set(after.primary));
	if (!ports && !ranges) return undefined;
	return (service) =>
		(ports && hasNodePorts(service)) || (ranges && service.loadBalancerSourceRanges.length > 0);
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
	return a === b || (a.size === b.size && a.isSubsetOf(b));
}

/** Made by join(), as in frontendKey(). */
function serviceOf(slice: EndpointSlice): ObjectKey {
	return [slice.namespace, slice.service].join("/");
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
