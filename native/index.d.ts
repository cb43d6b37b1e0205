/**
 * The addon: libbpf, tc and netlink for JavaScript. It moves bytes and owns handles, and knows
 * nothing of services. Load it with loadAddon() of src/dataplane/addon.ts, nothing else.
 *
 * Everything is synchronous unless it says otherwise, and happens in the network namespace of the
 * process. Every failing call throws BpfError (src/errors.ts), whose `object` names the map,
 * program, path or device. Wrong arguments are TypeErrors. Handles close when they are collected;
 * close() does it at once, and a closed handle throws EBADF. Numbers are in host byte order,
 * addresses of the network are text.
 */

/** Hands over the class that failures are made with: `new ErrorClass({message, code, errno, op, object, done})`. */
export function setErrorClass(errorClass: new (fields: ErrorFields) => Error): void;

export interface ErrorFields {
	message: string;
	code: string;
	errno: number;
	op: string;
	object: string;
	done: number;
}

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export type UpdateMode = "any" | "create" | "replace";

export interface MapInfo {
	/** As in the object file; of maps got by pin or id, the kernel's first 15 characters of it. */
	readonly name: string;
	/** enum bpf_map_type */
	readonly type: number;
	readonly keySize: number;
	/** Bytes of one value; per-CPU maps: of one CPU's. */
	readonly valueSize: number;
	readonly maxEntries: number;
	/** BPF_F_* */
	readonly flags: number;
	readonly id: number;
}

export interface MapPage {
	readonly keys: Uint8Array;
	readonly values: Uint8Array;
	readonly count: number;
	readonly cursor: Uint8Array | undefined;
}

/** A kernel map. Is a MapPort of src/dataplane/port.ts, which documents the methods. */
export class BpfMap {
	private constructor();
	/** The map pinned there; ENOENT when there is none. */
	static fromPin(path: string): BpfMap;
	/** Needs CAP_SYS_ADMIN. */
	static fromId(id: number): BpfMap;
	static create(options: {
		name: string;
		type: number;
		keySize: number;
		valueSize: number;
		maxEntries: number;
		flags?: number;
	}): BpfMap;

	readonly info: MapInfo;
	/** Throws EEXIST when the path is taken. */
	pin(path: string): void;
	lookup(key: Uint8Array): Uint8Array | undefined;
	update(key: Uint8Array, value: Uint8Array, mode?: UpdateMode): void;
	delete(key: Uint8Array): boolean;
	updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void;
	deleteBatch(keys: Uint8Array, count: number): number;
	lookupBatch(cursor: Uint8Array | undefined, max: number): MapPage;
	/** With `bytes`: whole pages; a call for another number of them detaches the one before. */
	memory(bytes?: number): ArrayBuffer;
	close(): void;
}

export interface ProgramInfo {
	readonly id: number;
	/** Full name when it came from an object, else the kernel's first 15 characters. */
	readonly name: string;
	/** enum bpf_prog_type */
	readonly type: number;
	/** 16 hex digits: hash over the instructions. */
	readonly tag: string;
	/** Instructions that the verifier walked; 0 below 5.16. */
	readonly verifiedInstructions: number;
	/** Counted only while kernel.bpf_stats_enabled is 1. */
	readonly runTimeNs: bigint;
	readonly runCount: bigint;
	readonly mapIds: readonly number[];
}

export interface TestRunOptions {
	/** The packet, from its Ethernet header on; at least 14 bytes for skb and XDP programs. */
	data?: Uint8Array;
	/** Room for the packet afterwards, in bytes; default: the length of data plus 256. */
	dataOutSize?: number;
	/** struct __sk_buff or the like, as bytes. */
	context?: Uint8Array;
	/** Default 1. */
	repeat?: number;
	/** BPF_F_TEST_* */
	flags?: number;
}

export interface TestRunResult {
	readonly retval: number;
	readonly data: Uint8Array;
	/** The context afterwards; empty when none was given. */
	readonly context: Uint8Array;
	/** Average of one run. */
	readonly durationNs: number;
}

export class BpfProgram {
	private constructor();
	static fromPin(path: string): BpfProgram;
	/** Needs CAP_SYS_ADMIN. */
	static fromId(id: number): BpfProgram;
	/** Loads bare instructions (8 bytes each): feature probes and tests. The message of the error holds the verifier's words. */
	static load(options: {
		name: string;
		/** enum bpf_prog_type */
		type: number;
		instructions: Uint8Array;
		/** Default "Dual BSD/GPL". */
		license?: string;
		/** enum bpf_attach_type; default 0. */
		expectedAttachType?: number;
	}): BpfProgram;

	/** Read from the kernel at each call. */
	readonly info: ProgramInfo;
	pin(path: string): void;
	testRun(options: TestRunOptions): TestRunResult;
	close(): void;
}

/** An object file (.bpf.o): open it, adjust it, load it, take the handles. */
export class BpfObject {
	private constructor();
	static open(path: string): BpfObject;

	/** Maps that the object declares, with the sizes that a load would give them; `id` is 0 until then. Internal ones (.rodata) left out. */
	readonly maps: readonly MapInfo[];
	readonly programs: readonly {
		readonly name: string;
		readonly section: string;
		readonly type: number;
	}[];
	/** Raw BTF of the object. */
	readonly btf: Uint8Array;

	/** Before load only, like everything down to load(). */
	setMaxEntries(map: string, maxEntries: number): void;
	/** Uses that map in place of a new one. Throws EINVAL when its type, key or value size differs. */
	reuseMap(map: string, existing: BpfMap): void;
	/** Sets a `const volatile` or a global variable of 1, 2, 4 or 8 bytes, or bool, found by name in the BTF. */
	setVariable(name: string, value: number | bigint | boolean): void;
	setAutoload(program: string, autoload: boolean): void;
	/**
	 * Creates maps, loads programs. A refused program throws with the end of the verifier's log in the
	 * message. logLevel 0 (default), 1 or 2 as in the kernel.
	 */
	load(options?: { logLevel?: number }): void;

	/** Handles of their own: they outlive the object. Throw ENOENT for unknown names, EINVAL before load. */
	map(name: string): BpfMap;
	program(name: string): BpfProgram;
	/** Verifier's log of a program of a load with logLevel > 0; "" without. */
	log(program: string): string;
	close(): void;
}

export type Direction = "ingress" | "egress";

export interface LinkInfo {
	readonly id: number;
	/** "cgroup", "tcx", "xdp", or the number of another enum bpf_link_type as text. */
	readonly type: string;
	readonly programId: number;
	/** tcx, xdp: the device; 0 once it is gone. Else 0. */
	readonly ifindex: number;
	/** cgroup: id of the cgroup (inode number). Else 0n. */
	readonly cgroupId: bigint;
	/** enum bpf_attach_type: 46 TCX ingress, 47 TCX egress; 0 for xdp. */
	readonly attachType: number;
}

/** An attachment that lives as long as a handle or a pin of it does. */
export class BpfLink {
	private constructor();
	static fromPin(path: string): BpfLink;
	/**
	 * Needs Linux 6.6 (EINVAL below). Runs before the program with id `before`, before all ("first"),
	 * or after all (default). EEXIST when that very program is at the hook already.
	 */
	static attachTcx(
		program: BpfProgram,
		options: { ifindex: number; direction: Direction; before?: number | "first" },
	): BpfLink;
	/**
	 * `attachType` is libbpf's section name: "cgroup/connect4", "cgroup/sock_release", ... Programs of other owners at the
	 * cgroup and below go on running (BPF_F_ALLOW_MULTI).
	 */
	static attachCgroup(
		program: BpfProgram,
		options: { cgroup: string; attachType: string },
	): BpfLink;
	/** flags: XDP_FLAGS_*, default 0. */
	static attachXdp(program: BpfProgram, options: { ifindex: number; flags?: number }): BpfLink;

	readonly info: LinkInfo;
	pin(path: string): void;
	/** Puts the program in place of the present one atomically; with `expected`, only if that is the present one (EPERM). */
	update(program: BpfProgram, expected?: BpfProgram): void;
	/** Detaches now, pins and other handles notwithstanding. */
	detach(): void;
	close(): void;
}

/**
 * For each link whether it is still attached, asked on a thread of the pool: the kernel answers under
 * locks that others may hold for long. The links may be closed meanwhile.
 */
export function linksAttached(links: readonly BpfLink[]): Promise<readonly boolean[]>;

/**
 * Asks on a thread of its own whether links are still attached, since the kernel tells nobody when one
 * is detached: `atOnce` of them every `periodMs`, all in turn. onDetached is called, without saying
 * which, as long as one of them is not. Keeps the event loop alive until close().
 */
export class LinkWatch {
	constructor(onDetached: () => void, options: { periodMs: number; atOnce: number });
	/** These links from now on, instead of those of the call before. They may be closed meanwhile. */
	watch(links: readonly BpfLink[]): void;
	/** Joins the thread; onDetached is not called afterwards. */
	close(): void;
}

/** Programs attached at the TCX hook, in the order they run. undefined: this kernel has no TCX. ENODEV: no such device. */
export function queryTcx(
	ifindex: number,
	direction: Direction,
): readonly { readonly programId: number; readonly linkId: number }[] | undefined;

/** Ids of the programs attached to this very cgroup. */
export function queryCgroup(cgroup: string, attachType: string): readonly number[];

export interface TcFilter {
	/** "bpf", "flower", "matchall", ... */
	readonly kind: string;
	readonly chain: number;
	readonly priority: number;
	/** ETH_P_*; 3 is every protocol. */
	readonly protocol: number;
	readonly handle: number;
	/** kind "bpf" only, else 0. */
	readonly programId: number;
	/** What the filter was called by its owner: libbpf (and we) say "program:[id]"; "" when nothing. */
	readonly name: string;
	readonly directAction: boolean;
}

/** Adds the clsact qdisc; false when the device has one already. */
export function tcHookCreate(ifindex: number): boolean;
/** Removes the clsact qdisc with every filter on it, whoever made them; false when there is none. */
export function tcHookDestroy(ifindex: number): boolean;
/** Adds a direct-action filter; with replace, swaps the program of that handle and priority atomically, or adds. Else EEXIST. */
export function tcAttach(
	program: BpfProgram,
	options: {
		ifindex: number;
		direction: Direction;
		/** 1.. */
		handle: number;
		/** 1..65535, lower runs first */
		priority: number;
		replace?: boolean;
	},
): void;
/** false when it was not there. */
export function tcDetach(options: {
	ifindex: number;
	direction: Direction;
	handle: number;
	priority: number;
}): boolean;
/** Every filter at the hook, of any kind and owner; empty without clsact. */
export function tcFilters(ifindex: number, direction: Direction): readonly TcFilter[];
/** Qdiscs of the device. `parent`, `handle` as tc prints them: 0xffff_fff1 is clsact's or ingress's parent. */
export function tcQdiscs(
	ifindex: number,
): readonly { readonly kind: string; readonly handle: number; readonly parent: number }[];

/**
 * Reads a BPF_MAP_TYPE_RINGBUF on a thread of its own. onBatch gets what was found since the last call
 * as buffers: records back to back, each a u32 length in host order, then its bytes. When about 1 MiB
 * waits (64 buffers), further records are dropped and counted. Keeps the event loop alive until close().
 */
export class RingBuffer {
	constructor(map: BpfMap, onBatch: (batch: Uint8Array) => void);
	/** Records dropped because JavaScript was slow. */
	readonly lost: number;
	/** Joins the thread; onBatch is not called afterwards. */
	close(): void;
}

export interface Link {
	readonly ifindex: number;
	readonly name: string;
	/** IFLA_INFO_KIND: "veth", "bridge", "vxlan", ...; "" for hardware and lo. */
	readonly kind: string;
	/** IFLA_INFO_SLAVE_KIND: "bridge", "bond", ...; "" when not enslaved. */
	readonly slaveKind: string;
	/** ifindex of the bridge, bond or VRF it belongs to; 0: none. */
	readonly master: number;
	/** IFLA_LINK: veth's peer, VLAN's or macvlan's lower device; 0: none. */
	readonly link: number;
	/** IFLA_LINK_NETNSID: namespace id that `link` is in; -1: this one. */
	readonly linkNetnsId: number;
	readonly mtu: number;
	/** "aa:bb:cc:dd:ee:ff"; "" when it has none. */
	readonly mac: string;
	/** IFF_* */
	readonly flags: number;
	/** ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none (tun, wireguard). */
	readonly type: number;
	/** IF_OPER_*: 0 unknown, 2 down, 6 up. */
	readonly operstate: number;
	/** IFLA_XDP program id; 0: none. */
	readonly xdpProgramId: number;
}

export type IpFamily = "IPv4" | "IPv6";

export interface LinkAddress {
	readonly ifindex: number;
	readonly family: IpFamily;
	/** The device's own address (IFA_LOCAL where there is one). */
	readonly address: string;
	readonly prefixLength: number;
	/** RT_SCOPE_*: 0 global, 253 link, 254 host. */
	readonly scope: number;
	/** IFA_F_*: 0x01 secondary or temporary, 0x20 deprecated, 0x40 tentative, 0x08 duplicate. */
	readonly flags: number;
}

export interface Route {
	readonly family: IpFamily;
	/** "0.0.0.0" or "::" with prefixLength 0 for default routes. */
	readonly destination: string;
	readonly prefixLength: number;
	/** "" when it has none, or several next hops. */
	readonly gateway: string;
	/** Out devices: one, several (multipath), or none (blackhole and the like). */
	readonly ifindexes: readonly number[];
	/** RTA_PREFSRC; "" when absent. */
	readonly source: string;
	/** 254 main, 255 local */
	readonly table: number;
	/** RTN_*: 1 unicast, 2 local, ... */
	readonly type: number;
	readonly priority: number;
	/** RTPROT_* */
	readonly protocol: number;
}

export interface Neighbour {
	readonly ifindex: number;
	readonly family: IpFamily;
	readonly address: string;
	/** "" while unresolved. */
	readonly mac: string;
	/** NUD_*: 0x02 reachable, 0x04 stale, 0x20 failed, 0x80 permanent. */
	readonly state: number;
}

export function links(): readonly Link[];
export function addresses(): readonly LinkAddress[];
/**
 * Every table but the local one; local: with it. onlyDefault: those of prefix length 0, which is
 * much cheaper where there are thousands of others.
 */
export function routes(options?: { local?: boolean; onlyDefault?: boolean }): readonly Route[];
export function neighbours(): readonly Neighbour[];

/** "filters": those of tc, of which only removals are told. */
export type NetlinkTopic = "links" | "addresses" | "routes" | "neighbours" | "filters";

export type NetlinkEvent =
	| { readonly kind: "link"; readonly removed: boolean; readonly link: Link }
	| { readonly kind: "address"; readonly removed: boolean; readonly address: LinkAddress }
	| { readonly kind: "route"; readonly removed: boolean; readonly route: Route }
	| { readonly kind: "neighbour"; readonly removed: boolean; readonly neighbour: Neighbour }
	/** A tc filter, a chain or a qdisc with its filters is gone from that device; whose it was is not said. */
	| { readonly kind: "filters-removed"; readonly ifindex: number }
	/** Events were lost: read everything anew. */
	| { readonly kind: "overrun" };

/**
 * Subscribes to changes; once the constructor returns, none that follows is missed without an
 * "overrun". Keeps the event loop alive until close().
 */
export class NetlinkMonitor {
	constructor(
		topics: readonly NetlinkTopic[],
		onEvents: (events: readonly NetlinkEvent[]) => void,
		options?: {
			/** Bytes the kernel may queue before it drops; default 1 MiB. */
			receiveBuffer?: number;
		},
	);
	/** Joins the thread; onEvents is not called afterwards. */
	close(): void;
}

export interface NetfilterHook {
	/** Hooks of nftables family inet are listed under both ipv4 and ipv6. */
	readonly family: "ipv4" | "ipv6" | "bridge" | "netdev";
	/** NF_INET_*: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting; bridge likewise, 5 brouting; netdev: 0 ingress, 1 egress. */
	readonly hook: number;
	/** netdev only, else "". */
	readonly device: string;
	readonly priority: number;
	/** Kernel function, such as "nft_do_chain_ipv4", "ipt_do_table" or "ipv4_conntrack_in". */
	readonly function: string;
	/** Kernel module it lives in; "" when built in. */
	readonly module: string;
	/** nftables chains: table and chain name, else "". */
	readonly table: string;
	readonly chain: string;
	/** nftables table's family ("ip", "inet", ...), else "". */
	readonly tableFamily: string;
}

/**
 * Every hook registered in this namespace, in the order of calls, with the netdev hooks of the named
 * devices. undefined: the kernel cannot tell (below 5.14, or without CONFIG_NETFILTER_NETLINK_HOOK).
 */
export function netfilterHooks(devices?: readonly string[]): readonly NetfilterHook[] | undefined;

export interface NftChain {
	/** Of its table: "ip", "ip6", "inet", "bridge", "netdev", "arp". */
	readonly family: string;
	readonly table: string;
	readonly name: string;
	/** "filter", "nat", "route" */
	readonly type: string;
	/** NF_INET_* as in NetfilterHook; netdev: 0 ingress, 1 egress. */
	readonly hook: number;
	readonly priority: number;
	/** Its rules, and references to it. */
	readonly rules: number;
	/** Whether its policy is accept. */
	readonly accepts: boolean;
}

/**
 * nftables chains that hang on hooks in this namespace; iptables-nft's are among them, iptables-legacy's
 * are not (/proc/net/ip_tables_names). Works where netfilterHooks() does not. undefined: no nf_tables.
 */
export function nftBaseChains(): readonly NftChain[] | undefined;

/**
 * All nftables chains of that name in this namespace, also those on no hook, which lack `type`, `hook`,
 * `priority` and `accepts`. Lists all chains: a millisecond for each 1,000. undefined: no nf_tables.
 */
export function nftChains(
	name: string,
): readonly Pick<NftChain, "family" | "table" | "name" | "rules">[] | undefined;

/**
 * Names of the user-defined chains of a table of iptables-legacy in this namespace, by its own interface
 * (IPT_SO_GET_ENTRIES), and "ERROR", the end of each table. Ask only for tables in /proc/net/ip_tables_names or ip6_tables_names: the kernel
 * makes a table that is asked for. Throws BpfError: EPERM without CAP_NET_ADMIN, ENOENT for no such table.
 *
 * @param family "ip" or "ip6"
 * @param table "nat", "filter", ...
 */
export function iptablesChains(family: "ip" | "ip6", table: string): readonly string[];

/**
 * A number that changes with every change of nftables' rules in this namespace, iptables-nft's
 * included. undefined: no nf_tables.
 */
export function nftGeneration(): number | undefined;

/** SO_NETNS_COOKIE of this process's network namespace; undefined below 5.14. */
export function netnsCookie(): bigint | undefined;
/** Inode number of this process's network namespace. */
export function netnsInode(): bigint;
/**
 * Locks a directory (flock(2)) for this process until what it returns is called, or the process ends.
 * undefined: another one holds it, in whatever network namespace. ENOENT, ENOTDIR.
 */
export function lockDirectory(path: string): (() => void) | undefined;
/** Mounts a bpffs there; false when one is mounted there already. */
export function mountBpffs(path: string): boolean;
/** Undoes mountBpffs. */
export function unmount(path: string): void;
/** True when the path is on a bpffs. */
export function isBpffs(path: string): boolean;
/** CPUs that per-CPU maps hold values for. */
export function possibleCpus(): number;
/** Whether programs of that enum bpf_prog_type may call that enum bpf_func_id. The probes throw EOPNOTSUPP where libbpf cannot tell. */
export function probeHelper(programType: number, helper: number): boolean;
export function probeProgramType(programType: number): boolean;
export function probeMapType(mapType: number): boolean;
