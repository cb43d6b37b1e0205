import {
	BackendFlag,
	BackendState,
	FilterKind,
	FrontendFlag,
	Scope,
	unpackFrontendWord,
} from "../layout/structs.ts";
import { bytesToAddress } from "../model/address-bytes.ts";
import { filterHashes } from "../plan/filter-hash.ts";
import { familyName, protocolName } from "../plan/protocols.ts";
import { formatEndpoint } from "../plan/report.ts";
import { packTuple, type Tuple, type TupleKey, unpackTuple } from "../plan/tuple.ts";
import { rangeCIDR, SyncMaps, type SyncPorts, sourceCIDR } from "./maps.ts";

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
		...dump.prefixes(),
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
				if (service === 0) return `${bytesToAddress(key.addr)} ${scope} -> ${addressText(flags)}`;
				return `${tupleText(key)} ${scope} -> ${this.#serviceName(service)}${flagsText(flags)}`;
			})
			.sort();
	}

	/** Only those that there are: most nodes have none. */
	prefixes(): [string, string[]][] {
		const { ranges, prefixes } = this.#maps;
		const ofServices = ranges
			.entries()
			.map(([key]) => `${this.#serviceName(key.service)} ${rangeCIDR(key)}`);
		const sections: [string, string[]][] = [["ranges", ofServices.sort()]];
		for (const map of ["sources", "service_cidrs"] as const) {
			sections.push([
				map,
				prefixes[map]
					.entries()
					.map(([key]) => sourceCIDR(key))
					.sort(),
			]);
		}
		return sections.filter(([, lines]) => lines.length > 0);
	}

	services(): string[] {
		const { arrays } = this.#maps;
		const present: string[] = [];
		for (let id = 1; id < arrays.serviceCount; id++) {
			if (arrays.serviceFlags(id) === 0) continue;
			const sets = `cluster: ${this.#set(id, false)}\n  local: ${this.#set(id, true)}`;
			const { affinity_sec: seconds } = arrays.service(id);
			const affinity = seconds > 0 ? ` (affinity ${seconds}s)` : "";
			present.push(`${this.#serviceName(id)}${affinity}\n  ${sets}`);
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
			const isSet = filterHashes(kind, addr, port, proto).every((hash) =>
				arrays.filterBit((hash & (arrays.filterBits - 1)) >>> 0),
			);
			if (!isSet) missing.push(`missing: ${what} ${tupleText(unpackTuple(key))}`);
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

const FLAG_TEXT: readonly [flag: number, text: string][] = [
	[FrontendFlag.FRONTEND_LOCAL_SET, "local set"],
	[FrontendFlag.FRONTEND_MASQUERADE, "masquerade"],
	[FrontendFlag.FRONTEND_MASQUERADE_OUTSIDE, "masquerade outside"],
	[FrontendFlag.FRONTEND_RANGES, "ranges"],
	[FrontendFlag.FRONTEND_NODE_PORT, "node port"],
];

/** What an address does, whatever the port. */
function addressText(flags: number): string {
	const { FRONTEND_ADDRESS, FRONTEND_ECHO } = FrontendFlag;
	const texts: string[] = [];
	if (flags & FRONTEND_ECHO) texts.push("echo is answered");
	if (flags & FRONTEND_ADDRESS) texts.push("other ports are refused");
	return texts.join(", ");
}

function flagsText(flags: number): string {
	const texts = FLAG_TEXT.filter(([flag]) => (flags & flag) !== 0).map(([, text]) => text);
	return texts.length > 0 ? ` (${texts.join(", ")})` : "";
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
