import {
	BackendFlag,
	BackendState,
	FilterKind,
	FrontendFlag,
	Scope,
	unpackFrontendWord,
} from "../layout/structs.ts";
import { bytesToAddress } from "../model/address-bytes.ts";
import { filterHash } from "../plan/filter-hash.ts";
import { familyName, protocolName } from "../plan/protocols.ts";
import { formatEndpoint } from "../plan/report.ts";
import { packTuple, type Tuple, type TupleKey, unpackTuple } from "../plan/tuple.ts";
import { SyncMaps, type SyncPorts } from "./maps.ts";

const STATE_TEXT = new Map<number, string>([
	[BackendState.BACKEND_ACTIVE, "active"],
	[BackendState.BACKEND_DRAINING, "draining"],
]);

/**
 * The maps as text for people and golden tests: sorted, with names in place of ids, so that equal
 * lines mean that packets are treated alike, whatever ids were given. What only rests (removed
 * services and backends, unused slots, unneeded filter bits) is left out.
 */
export function dumpMaps(ports: SyncPorts): string {
	const dump = new Dump(new SyncMaps(ports));
	const sections: [string, string[]][] = [
		["frontends", dump.frontends()],
		["services", dump.services()],
		["backends", dump.backends()],
		["tombstones", dump.tombstones()],
		["filter", dump.filter()],
	];
	return sections.map(([title, lines]) => `${title}\n${lines.map(indent).join("")}`).join("");
}

class Dump {
	readonly #maps: SyncMaps;
	readonly #serviceNames = new Map<number, string>();
	/** Tuples that a packet must find in the filter. */
	readonly #wanted: [kind: number, what: string, key: TupleKey][] = [];

	constructor(maps: SyncMaps) {
		this.#maps = maps;
		for (const [id, { ns, name, port }] of maps.names.entries()) {
			const { proto, family } = maps.arrays.service(id);
			const suffix = `${protocolName(proto) ?? proto}/${familyName(family) ?? family}`;
			this.#serviceNames.set(id, `${ns}/${name}:${port}/${suffix}`);
		}
	}

	frontends(): string[] {
		return this.#maps.frontends
			.entries()
			.map(([key, { word }]) => {
				const { service, flags } = unpackFrontendWord(word);
				this.#wanted.push([FilterKind.FILTER_FRONTEND, "frontend", packTuple(key)]);
				const scope = key.scope === Scope.SCOPE_INTERNAL ? "internal" : "external";
				const local = (flags & FrontendFlag.FRONTEND_LOCAL_SET) !== 0 ? " (local set)" : "";
				return `${tupleText(key)} ${scope} -> ${this.#serviceName(service)}${local}`;
			})
			.sort();
	}

	services(): string[] {
		const { arrays } = this.#maps;
		const present: string[] = [];
		for (let id = 1; id < arrays.serviceCount; id++) {
			if (arrays.serviceFlags(id) === 0) continue;
			const sets = `cluster: ${this.#set(id, false)}\n  local: ${this.#set(id, true)}`;
			present.push(`${this.#serviceName(id)}\n  ${sets}`);
		}
		return present.sort().flatMap((text) => text.split("\n"));
	}

	backends(): string[] {
		const { arrays } = this.#maps;
		const lines: string[] = [];
		for (let id = 1; id < arrays.backendCount; id++) {
			const state = arrays.backendState(id);
			if (state === BackendState.BACKEND_GONE) continue;
			const key = arrays.backendKey(id);
			this.#wanted.push([FilterKind.FILTER_BACKEND, "backend", key]);
			const owner = this.#serviceName(arrays.backendOwner(id));
			const local = (arrays.backendFlags(id) & BackendFlag.BACKEND_LOCAL) !== 0 ? " local" : "";
			lines.push(`${owner} ${endpointText(key)} ${STATE_TEXT.get(state) ?? state}${local}`);
		}
		return lines.sort();
	}

	tombstones(): string[] {
		return this.#maps.tombstones
			.entries()
			.map(([key, { service }]) => {
				const tuple = { ...key, scope: 0 };
				this.#wanted.push([FilterKind.FILTER_TOMBSTONE, "tombstone", packTuple(tuple)]);
				return `${tupleText(tuple)} -> ${this.#serviceName(service)}`;
			})
			.sort();
	}

	/** Only what would make packets pass untranslated; to be called last. */
	filter(): string[] {
		const { arrays } = this.#maps;
		const missing: string[] = [];
		for (const [kind, what, key] of this.#wanted) {
			const { addr, port, proto } = unpackTuple(key);
			const bit = (filterHash(kind, addr, port, proto) & (arrays.filterBits - 1)) >>> 0;
			if (!arrays.filterBit(bit)) missing.push(`missing: ${what} ${tupleText(unpackTuple(key))}`);
		}
		return missing.length > 0 ? [...new Set(missing)].sort() : ["complete"];
	}

	#set(id: number, local: boolean): string {
		const { arrays } = this.#maps;
		const { base, count } = arrays.set(id, local);
		const members: string[] = [];
		for (let i = 0; i < count; i++) {
			const backend = arrays.slot(base + i);
			const owner = arrays.backendOwner(backend);
			const foreign = owner === id ? "" : ` (of ${this.#serviceName(owner)})`;
			members.push(`${endpointText(arrays.backendKey(backend))}${foreign}`);
		}
		return members.length > 0 ? members.sort().join(" ") : "none";
	}

	#serviceName(id: number): string {
		return this.#serviceNames.get(id) ?? `unnamed service ${id}`;
	}
}

function tupleText({ addr, port, proto }: Tuple): string {
	return `${formatEndpoint(bytesToAddress(addr), port)}/${protocolName(proto) ?? proto}`;
}

function endpointText(key: TupleKey): string {
	const { addr, port } = unpackTuple(key);
	return formatEndpoint(bytesToAddress(addr), port);
}

function indent(line: string): string {
	return `  ${line}\n`;
}
