import { Claims } from "./claims.ts";
import { type Frontend, frontendKey, frontendsOf, repeatedPorts } from "./frontends.ts";
import type { Change, EndpointSlice, Node, ObjectKey, Service, Skip } from "./objects.ts";
import type { OwnNode } from "./topology.ts";

/** All that decides what one Service is in the maps. */
export interface ServiceView {
	readonly key: ObjectKey;
	readonly service: Service;
	/** In a stable order. */
	readonly slices: readonly EndpointSlice[];
	readonly node: OwnNode;
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
	readonly #claims = new Claims();
	readonly #skips = new Map<string, readonly Skip[]>();
	readonly #triggers = new Map<ObjectKey, number[]>();
	#dirty = new Set<ObjectKey>();
	#node: OwnNode;

	/** @param nodeName the own node's name; compared in lower case, as host names are. */
	constructor(nodeName: string) {
		this.#node = { name: nodeName.trim().toLowerCase(), zone: "" };
	}

	get node(): OwnNode {
		return this.#node;
	}

	apply(changes: readonly Change[]): void {
		for (const change of changes) {
			const skipKey = `${change.kind} ${change.key}`;
			if (change.skips.length > 0) this.#skips.set(skipKey, change.skips);
			else this.#skips.delete(skipKey);
			if (change.kind === "service") this.#putService(change.key, change.object);
			else if (change.kind === "slice") this.#putSlice(change.key, change.object);
			else this.#putNode(change.key, change.object);
		}
	}

	/** Services that changed since the last call, gone ones included. */
	takeDirty(): Set<ObjectKey> {
		const dirty = this.#dirty;
		this.#dirty = new Set();
		return dirty;
	}

	/** Has the Service looked at again. */
	markDirty(key: ObjectKey): void {
		this.#dirty.add(key);
	}

	get hasDirty(): boolean {
		return this.#dirty.size > 0;
	}

	/** undefined when the Service does not exist. */
	view(key: ObjectKey): ServiceView | undefined {
		const service = this.#services.get(key);
		if (!service) return undefined;
		const slices = [...(this.#slicesOf.get(key) ?? [])]
			.sort()
			.map((sliceKey) => this.#slices.get(sliceKey))
			.filter((slice) => slice !== undefined);
		const owns = (frontend: Frontend) => this.#claims.owner(frontendKey(frontend)) === key;
		return { key, service, slices, node: this.#node, owns };
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
		return this.#claims.owner(frontendKey(frontend));
	}

	/** Everything that is not served, sorted by object and reason. */
	skips(): Skip[] {
		const all = [...this.#skips.values()].flat();
		for (const [key, service] of this.#services) all.push(...this.#conflicts(key, service));
		return all.sort((a, b) => compareText(a.object, b.object) || compareText(a.reason, b.reason));
	}

	#putService(key: ObjectKey, service: Service | undefined): void {
		if (!service && !this.#services.has(key)) return;
		if (service) this.#services.set(key, service);
		else this.#services.delete(key);
		const frontends = service ? frontendsOf(service).flatMap((port) => port.frontends) : [];
		const keys = [...new Set(frontends.map(frontendKey))];
		for (const other of this.#claims.replace(key, keys)) this.#dirty.add(other);
		this.#dirty.add(key);
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

	/** Only the own node counts, and of it the zone; services are looked at again when that changes. */
	#putNode(key: ObjectKey, node: Node | undefined): void {
		const name = node?.name ?? key.slice(key.indexOf("/") + 1);
		if (name !== this.#node.name) return;
		const zone = node?.zone ?? "";
		if (zone === this.#node.zone) return;
		this.#node = { name: this.#node.name, zone };
		for (const service of this.#services.keys()) this.#dirty.add(service);
	}

	#conflicts(key: ObjectKey, service: Service): Skip[] {
		const object = `Service ${key}`;
		const skips = repeatedPorts(service).map(({ name, port, protocol }) => ({
			object,
			reason: `port ${name === "" ? port : `${name} ${port}`}/${protocol} repeats an earlier port`,
		}));
		for (const { frontends } of frontendsOf(service)) {
			for (const frontend of frontends) {
				const owner = this.#claims.owner(frontendKey(frontend));
				if (owner === key || owner === undefined) continue;
				const { address, port, protocol } = frontend;
				skips.push({ object, reason: `${address} port ${port}/${protocol} belongs to ${owner}` });
			}
		}
		return skips;
	}
}

function serviceOf(slice: EndpointSlice): ObjectKey {
	return `${slice.namespace}/${slice.service}`;
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
