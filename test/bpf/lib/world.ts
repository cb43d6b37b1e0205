/** The datapath under test: the real object, loaded, with maps that a test fills by hand. */
import { fileURLToPath } from "node:url";
import { type BpfMap, type BpfProgram, loadAddon } from "../../../src/dataplane/addon.ts";
import { setFilterMask } from "../../../src/dataplane/loader.ts";
import { configVariables, probeFeatures } from "../../../src/dataplane/probe.ts";
import {
	Affinity,
	AffinityKey,
	Backend,
	BackendFlag,
	BackendState,
	BackendStats,
	Control,
	Device,
	DeviceFlag,
	DeviceKind,
	DropReason,
	FilterKind,
	Flow,
	FlowKey,
	Forwarding,
	Frontend,
	FrontendFlag,
	FrontendKey,
	MAPS,
	type MapName,
	Prefix,
	PrefixFlag,
	PreviousFlows,
	packBackendWord,
	packFrontendWord,
	packSetWord,
	RangeKey,
	Scope,
	Service,
	ServiceFlag,
	Settings,
	SourceKey,
	Tombstone,
	TombstoneKey,
} from "../../../src/layout/structs.ts";
import { cidrToBytes } from "../../../src/model/cidr.ts";
import { filterHashes } from "../../../src/plan/filter-hash.ts";
import { serviceRangeWords } from "../../../src/plan/service-range.ts";
import { lacking } from "../../lib/features.ts";
import { addressText, ipAddr } from "../../lib/packet-bytes.ts";
import {
	type DeviceName,
	ifindexOf,
	macOf,
	mtuOf,
	NODE4,
	NODE6,
	OVERLAY4,
	OVERLAY6,
} from "./topology.ts";

export const OBJECT = fileURLToPath(new URL("../../../build/bpf/sluice.bpf.o", import.meta.url));
export const PORTS = { first: 61001, last: 62000 } as const;

const FILTER_WORDS = 4096;
const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const;

/** Hash tables that a test finds empty. */
const FORGOTTEN = [
	...(["flows", "overflow", "frontends", "names", "tombstones", "fragments", "affinity"] as const),
];

/** Arrays that a test finds full of zeros. */
const ZEROED = [
	...(["filter", "control", "services", "slots", "backends", "backend_stats"] as const),
	"service_stats",
] as const;

/** Making and freeing maps of the default sizes would be most of a test's time. */
const SMALL = {
	filter: FILTER_WORDS,
	flows: 1024,
	overflow: 1024,
	slots: 1024,
	services: 64,
	service_stats: 64,
	backends: 256,
	backend_stats: 256,
	udp_peers: 64,
	// Linux 5.10 evicts from LRU tables of few entries although there is room.
	affinity: 1024,
	tombstones: 64,
	fragments: 64,
	events: 4096,
};

/** bpf_prog_test_run's BPF_F_TEST_SKB_CHECKSUM_COMPLETE: EBADMSG when skb->csum went wrong. */
export const CHECKSUM_COMPLETE = 4;
/** The same where the kernel can, else nothing: for tests that are about more than checksums. */
export const CHECKSUM_COMPLETE_IF_KNOWN = lacking("checksumCompleteRuns") ? 0 : CHECKSUM_COMPLETE;

/** What programs return. */
export const ACTION = { pass: -1, drop: 2, redirect: 7 } as const;

export interface Endpoint {
	readonly address: string;
	readonly port: number;
	readonly proto: "tcp" | "udp" | "sctp";
}

export interface FlowEntry {
	readonly key: FlowKey;
	readonly value: Flow;
}

export interface RunOptions {
	/** Passed as the skb's ingress device: absent for packets that the node sends. */
	readonly from?: DeviceName;
	readonly gsoSize?: number;
	readonly flags?: number;
	readonly repeat?: number;
	/** skb->mark */
	readonly mark?: number;
}

export interface RunResult {
	/** -1 pass, 2 drop, 7 redirect */
	readonly action: number;
	readonly packet: Uint8Array;
	/** skb->mark */
	readonly mark: number;
	readonly durationNs: number;
}

export interface WorldOptions {
	/** Sizes of maps, by name. */
	readonly sizes?: Partial<Record<MapName, number>>;
	/** Variables of bpf/config.h, over what the kernel has. */
	readonly variables?: Readonly<Record<string, boolean>>;
	/** Entries of a flow table of the release before; absent: there is none. */
	readonly previousFlows?: number;
}

interface Codec<T> {
	readonly SIZE: number;
	encode(value: T, view: DataView, at: number): void;
}

function bytesOf<T>(codec: Codec<T>, value: T): Uint8Array {
	const bytes = new Uint8Array(codec.SIZE);
	codec.encode(value, new DataView(bytes.buffer), 0);
	return bytes;
}

function indexBytes(index: number): Uint8Array {
	return new Uint8Array(Uint32Array.of(index).buffer);
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export class World {
	readonly #programs: Readonly<Record<string, BpfProgram>>;
	readonly #maps: Readonly<Record<MapName, BpfMap>>;
	/** Used by the programs only with WorldOptions.previousFlows. */
	readonly previousFlows: BpfMap;
	#nextId = 1;
	#nextSlot = 0;
	/** Take prefixes out again: tries cannot be read in batches on all kernels. */
	readonly #prefixes: (() => void)[] = [];

	constructor({ sizes = {}, variables = {}, previousFlows }: WorldOptions = {}) {
		const addon = loadAddon();
		const object = addon.BpfObject.open(OBJECT);
		const known = configVariables(probeFeatures(addon));
		for (const [name, value] of Object.entries({ ...known, ...variables })) {
			object.setVariable(name, value);
		}
		for (const [name, size] of Object.entries({ ...SMALL, ...sizes })) {
			object.setMaxEntries(name, size);
		}
		if (previousFlows !== undefined) {
			object.setMaxEntries("previous_flows", previousFlows);
			object.setVariable("have_previous_flows", true);
		}
		setFilterMask(object);
		object.load();
		this.previousFlows = object.map("previous_flows");
		const names = Object.keys(MAPS) as MapName[];
		this.#maps = Object.fromEntries(names.map((name) => [name, object.map(name)])) as Record<
			MapName,
			BpfMap
		>;
		this.#programs = Object.fromEntries(
			object.programs.map(({ name }) => [name, object.program(name)]),
		);
		object.close();
		this.set({});
		this.#addDevices();
	}

	/** Everything as after loading, without loading again. */
	reset(): void {
		for (const name of FORGOTTEN) {
			const { keys, count } = this.map(name).lookupBatch(undefined, 4096);
			this.map(name).deleteBatch(keys, count);
		}
		this.forgetPrefixes();
		for (const name of ZEROED) {
			new Uint8Array(this.map(name).memory()).fill(0);
		}
		for (const reason of Object.values(DropReason)) {
			if (reason === DropReason.DROP_REASONS) continue;
			const bytes = this.map("drops").lookup(indexBytes(reason)) ?? new Uint8Array();
			this.map("drops").update(indexBytes(reason), bytes.fill(0));
		}
		this.#nextId = 1;
		this.#nextSlot = 0;
		this.set({});
		this.#addDevices();
	}

	map(name: MapName): BpfMap {
		return this.#maps[name];
	}

	program(name: string): BpfProgram {
		const program = this.#programs[name];
		if (program === undefined) throw new Error(`the object has no program ${name}`);
		return program;
	}

	/** Writes the settings: defaults, changed by `changes`. */
	set(changes: Partial<Settings>): void {
		const seconds = (count: number): bigint => BigInt(count) * 1000n;
		const settings: Settings = {
			timeout: [60, 86400, 60, 10, 30, 180, 30, 210].map(seconds),
			node4: ipAddr(NODE4),
			node6: ipAddr(NODE6),
			hz: 1000,
			half_open_max: 0,
			masquerade_port_first: PORTS.first,
			masquerade_port_last: PORTS.last,
			forwarding: Forwarding.FORWARDING_STACK,
			events: 0,
			previous: PreviousFlows.PREVIOUS_NONE,
			filter_mask: FILTER_WORDS * 64 - 1,
			...changes,
		};
		this.map("settings").update(indexBytes(0), bytesOf(Settings, settings));
	}

	/** A service with these backends at this frontend; returns the backends' ids. */
	serve(frontend: Endpoint, backends: readonly Endpoint[], options: ServeOptions = {}): number[] {
		const service = this.#nextId++;
		const ids = backends.map((backend) => this.addBackend(backend, service, options.local ?? true));
		const set = this.#addSet(ids);
		const value: Service = {
			cluster_set: options.onlyLocalEmpty ? packSetWord({ base: 0, count: 1, generation: 1 }) : set,
			local_set: set,
			flags: ServiceFlag.SERVICE_PRESENT,
			affinity_sec: options.affinitySec ?? 0,
			proto: PROTO[frontend.proto],
			family: frontend.address.includes(":") ? 6 : 4,
		};
		this.map("services").update(indexBytes(service), bytesOf(Service, value));
		const local = options.onlyLocalEmpty ? FrontendFlag.FRONTEND_LOCAL_SET : 0;
		const flags = local | (options.flags ?? 0);
		this.addFrontend(service, frontend, { ...options, flags });
		return ids;
	}

	/** The address is a service's: its ports that have no frontend are refused, or what else the flags say. */
	addServiceAddress(address: string, flags = FrontendFlag.FRONTEND_ADDRESS as number): void {
		for (const scope of [Scope.SCOPE_INTERNAL, Scope.SCOPE_EXTERNAL]) {
			const key: FrontendKey = { addr: ipAddr(address), port: 0, proto: 0, scope };
			const word = packFrontendWord({ service: 0, flags });
			this.map("frontends").update(bytesOf(FrontendKey, key), bytesOf(Frontend, { word }));
		}
		this.#markTuple(FilterKind.FILTER_FRONTEND, ipAddr(address), 0, 0);
	}

	/** Clients of this prefix may use frontends of the service with FRONTEND_RANGES. */
	addRange(service: number, address: string, bits: number): void {
		const prefixlen = 32 + bits + (address.includes(":") ? 0 : 96);
		this.#addPrefix("ranges", bytesOf(RangeKey, { prefixlen, service, addr: ipAddr(address) }));
	}

	/** Addresses of this prefix are pods of the cluster. */
	addSource(address: string, bits: number): void {
		const prefixlen = bits + (address.includes(":") ? 0 : 96);
		this.#addPrefix("sources", bytesOf(SourceKey, { prefixlen, addr: ipAddr(address) }));
	}

	/** Addresses of these prefixes are Services', whether or not one has them. */
	addServiceCIDRs(...cidrs: readonly string[]): void {
		for (const cidr of cidrs) {
			const { addr, length } = cidrToBytes(cidr);
			this.#addPrefix("service_cidrs", bytesOf(SourceKey, { prefixlen: length, addr }));
		}
		const at = Control.OFFSET.service_v4;
		new BigUint64Array(this.map("control").memory(), at, 4).set(serviceRangeWords(cidrs));
	}

	addBackend(endpoint: Endpoint, service: number, local: boolean): number {
		const id = this.#nextId++;
		const value: Backend = {
			word: packBackendWord({ state: BackendState.BACKEND_ACTIVE, generation: 1 }),
			service,
			...this.#tuple(endpoint),
			flags: local ? BackendFlag.BACKEND_LOCAL : 0,
			weight: 1,
		};
		this.map("backends").update(indexBytes(id), bytesOf(Backend, value));
		this.#mark(FilterKind.FILTER_BACKEND, endpoint);
		return id;
	}

	/** The endpoint leaves: the backend is gone and, for UDP, a tombstone of the service stays. */
	removeBackend(id: number): void {
		this.#setState(id, BackendState.BACKEND_GONE);
	}

	/** The endpoint terminates and still serves: it takes nothing new. */
	drainBackend(id: number): void {
		this.#setState(id, BackendState.BACKEND_DRAINING);
	}

	#setState(id: number, state: number): void {
		const bytes = this.map("backends").lookup(indexBytes(id));
		if (bytes === undefined) throw new Error(`no backend ${id}`);
		const value = Backend.decode(viewOf(bytes), 0);
		const word = packBackendWord({ state, generation: 1 });
		this.map("backends").update(indexBytes(id), bytesOf(Backend, { ...value, word }));
	}

	/** The backend's number is another endpoint's from now on. */
	setGeneration(id: number, generation: number): void {
		const bytes = this.map("backends").lookup(indexBytes(id)) ?? new Uint8Array();
		const word = packBackendWord({ state: BackendState.BACKEND_ACTIVE, generation });
		const value = { ...Backend.decode(viewOf(bytes), 0), word };
		this.map("backends").update(indexBytes(id), bytesOf(Backend, value));
	}

	/** Connections of a backend: begun and closed. */
	stats(id: number): BackendStats {
		const bytes = this.map("backend_stats").lookup(indexBytes(id)) ?? new Uint8Array();
		return BackendStats.decode(viewOf(bytes), 0);
	}

	addTombstone(endpoint: Endpoint, service: number): void {
		const key = this.#tuple(endpoint);
		this.map("tombstones").update(bytesOf(TombstoneKey, key), bytesOf(Tombstone, { service }));
		this.#mark(FilterKind.FILTER_TOMBSTONE, endpoint);
	}

	/** The sets of the service become these backends, the local one perhaps others. */
	replaceSet(service: number, ids: readonly number[], localIds = ids): void {
		const bytes = this.map("services").lookup(indexBytes(service));
		if (bytes === undefined) throw new Error(`no service ${service}`);
		const sets = { cluster_set: this.#addSet(ids), local_set: this.#addSet(localIds) };
		const value = { ...Service.decode(viewOf(bytes), 0), ...sets };
		this.map("services").update(indexBytes(service), bytesOf(Service, value));
	}

	#addSet(ids: readonly number[]): bigint {
		const base = this.#nextSlot;
		ids.forEach((id, i) => {
			this.map("slots").update(indexBytes(base + i), indexBytes(id));
		});
		this.#nextSlot += ids.length;
		return packSetWord({ base, count: ids.length, generation: 1 });
	}

	/** Runs tc_ingress or tc_egress as on that device. */
	run(
		program: "tc_ingress" | "tc_egress",
		device: DeviceName,
		packet: Uint8Array,
		options: RunOptions = {},
	): RunResult {
		const context = new Uint8Array(192);
		const view = viewOf(context);
		view.setUint32(8, options.mark ?? 0, true);
		view.setUint32(36, options.from ? ifindexOf(options.from) : 0, true);
		view.setUint32(40, ifindexOf(device), true);
		view.setUint32(176, options.gsoSize ?? 0, true);
		const result = this.program(program).testRun({
			data: packet,
			context,
			flags: options.flags ?? 0,
			repeat: options.repeat ?? 1,
		});
		return {
			action: result.retval | 0,
			packet: result.data,
			mark: viewOf(result.context).getUint32(8, true),
			durationNs: result.durationNs,
		};
	}

	/** All entries of a flow table, as `source > destination direction` with their values. */
	flows(name: "flows" | "overflow" = "flows"): FlowEntry[] {
		const { keys, values, count } = this.map(name).lookupBatch(undefined, 4096);
		return Array.from({ length: count }, (_, i) => ({
			key: FlowKey.decode(viewOf(keys), i * FlowKey.SIZE),
			value: Flow.decode(viewOf(values), i * Flow.SIZE),
		}));
	}

	/** The only flow's entry of that direction; throws when there is none or more than one. */
	flow(direction: number): FlowEntry {
		const found = this.flows().filter(({ key }) => key.direction === direction);
		const [only] = found;
		if (only === undefined || found.length > 1) {
			const shown = this.flows().map(({ key }) => `${describeKey(key)} ${key.direction}`);
			throw new Error(`${found.length} entries of direction ${direction}: ${shown.join(", ")}`);
		}
		return only;
	}

	updateFlow({ key, value }: FlowEntry, changes: Partial<Flow>): void {
		const bytes = bytesOf(Flow, { ...value, ...changes });
		this.map("flows").update(bytesOf(FlowKey, key), bytes, "replace");
	}

	/** The entry again, as one of packets to that endpoint. */
	readdressFlow({ key, value }: FlowEntry, to: Endpoint, changes: Partial<Flow>): void {
		const { addr, port } = this.#tuple(to);
		const bytes = bytesOf(Flow, { ...value, ...changes });
		this.map("flows").update(bytesOf(FlowKey, { ...key, dst: addr, dport: port }), bytes);
	}

	control(): Control {
		return Control.decode(viewOf(this.map("control").lookup(indexBytes(0)) ?? new Uint8Array()), 0);
	}

	/** Drops of a reason on all CPUs. */
	drops(reason: number): number {
		const bytes = this.map("drops").lookup(indexBytes(reason)) ?? new Uint8Array();
		const counts = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
		return Number(counts.reduce((sum, count) => sum + count, 0n));
	}

	addDevice(name: DeviceName, kind: number, changes: Partial<Device> = {}): void {
		const device: Device = {
			masq4: new Uint8Array(16),
			masq6: new Uint8Array(16),
			master: 0,
			kind,
			flags: 0,
			mac: Uint8Array.from(macOf(name).split(":"), (byte) => Number.parseInt(byte, 16)),
			mtu: mtuOf(name),
			netns_id: -1,
			...changes,
		};
		this.map("devices").update(indexBytes(ifindexOf(name)), bytesOf(Device, device));
	}

	#addDevices(): void {
		const flags = DeviceFlag.DEVICE_REDIRECT | DeviceFlag.DEVICE_PEER;
		const uplink = { flags: DeviceFlag.DEVICE_REDIRECT };
		this.addDevice("client", DeviceKind.DEVICE_POD, { flags });
		this.addDevice("backend", DeviceKind.DEVICE_POD, { flags });
		this.addDevice("port", DeviceKind.DEVICE_POD, { flags, master: ifindexOf("bridge") });
		this.addDevice("uplink", DeviceKind.DEVICE_UPLINK, uplink);
		this.addDevice("lo", DeviceKind.DEVICE_LOOPBACK);
		const masquerade = { masq4: ipAddr(OVERLAY4), masq6: ipAddr(OVERLAY6) };
		this.addDevice("overlay", DeviceKind.DEVICE_UPLINK, { ...uplink, ...masquerade });
	}

	#tuple({ address, port, proto }: Endpoint): { addr: Uint8Array; port: number; proto: number } {
		return { addr: ipAddr(address), port, proto: PROTO[proto] };
	}

	/** The only affinity entry, as if last used so many seconds earlier. */
	ageAffinity(seconds: number): void {
		const { keys, values, count } = this.map("affinity").lookupBatch(undefined, 16);
		if (count !== 1) throw new Error(`${count} affinity entries`);
		const value = Affinity.decode(viewOf(values), 0);
		const lastUsed = value.last_used - BigInt(seconds) * 1000n;
		const aged = bytesOf(Affinity, { ...value, last_used: lastUsed });
		this.map("affinity").update(keys.slice(0, AffinityKey.SIZE), aged, "replace");
	}

	/** How many clients have a backend to come back to, or had one. */
	affinityCount(): number {
		return this.map("affinity").lookupBatch(undefined, 16).count;
	}

	/** No client has a backend to come back to. */
	forgetAffinity(): void {
		const { keys, count } = this.map("affinity").lookupBatch(undefined, 16);
		this.map("affinity").deleteBatch(keys, count);
	}

	/** The service's affinity as an edit of the live Service leaves it. */
	setAffinity(service: number, affinitySec: number): void {
		const bytes = this.map("services").lookup(indexBytes(service)) ?? new Uint8Array();
		const value = { ...Service.decode(viewOf(bytes), 0), affinity_sec: affinitySec };
		this.map("services").update(indexBytes(service), bytesOf(Service, value));
	}

	/** A frontend of a service that is there. */
	addFrontend(
		service: number,
		frontend: Endpoint,
		{ flags = 0, scopes }: Pick<ServeOptions, "flags" | "scopes"> = {},
	): void {
		for (const scope of scopes ?? [Scope.SCOPE_INTERNAL, Scope.SCOPE_EXTERNAL]) {
			const key: FrontendKey = { ...this.#tuple(frontend), scope };
			const word = packFrontendWord({ service, flags });
			this.map("frontends").update(bytesOf(FrontendKey, key), bytesOf(Frontend, { word }));
		}
		this.#mark(FilterKind.FILTER_FRONTEND, frontend);
	}

	/** Takes out what addRange() and addSource() wrote. */
	forgetPrefixes(): void {
		for (const forget of this.#prefixes.splice(0)) forget();
	}

	/** The Service no longer has this frontend; filter bits stay. */
	forgetFrontend(frontend: Endpoint): void {
		for (const scope of [Scope.SCOPE_INTERNAL, Scope.SCOPE_EXTERNAL]) {
			this.map("frontends").delete(bytesOf(FrontendKey, { ...this.#tuple(frontend), scope }));
		}
	}

	#addPrefix(map: "ranges" | "sources" | "service_cidrs", key: Uint8Array): void {
		this.map(map).update(key, bytesOf(Prefix, { flags: PrefixFlag.PREFIX_PRESENT }));
		this.#prefixes.push(() => this.map(map).delete(key));
	}

	#mark(kind: number, { address, port, proto }: Endpoint): void {
		this.#markTuple(kind, ipAddr(address), port, PROTO[proto]);
	}

	#markTuple(kind: number, addr: Uint8Array, port: number, proto: number): void {
		const words = new BigUint64Array(this.map("filter").memory());
		for (const hash of filterHashes(kind, addr, port, proto)) {
			const bit = hash & (FILTER_WORDS * 64 - 1);
			words[bit >> 6] = (words[bit >> 6] ?? 0n) | (1n << BigInt(bit & 63));
		}
	}
}

export interface ServeOptions {
	/** Backends are on this node; default true. */
	readonly local?: boolean;
	/** The frontend uses the local set, which is empty while the cluster set is not. */
	readonly onlyLocalEmpty?: boolean;
	readonly scopes?: readonly number[];
	/** enum frontend_flag */
	readonly flags?: number;
	/** A client stays with its backend for so long; 0: it does not. */
	readonly affinitySec?: number;
}

/** "10.1.0.10:1234 > 10.96.0.1:80" */
export function describeKey(key: FlowKey): string {
	return `${addressText(key.src)}:${key.sport} > ${addressText(key.dst)}:${key.dport}`;
}

/** The tuple that a flow writes, in the same form. */
export function describeValue(value: Flow): string {
	return `${addressText(value.src)}:${value.sport} > ${addressText(value.dst)}:${value.dport}`;
}
