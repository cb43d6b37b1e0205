/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every struct and enum that BPF programs and user space share, and nothing
 * else. This file is the only place where a map's layout is written: the
 * TypeScript codecs (src/layout/structs.ts) are generated from its BTF.
 *
 * Rules: fixed-width types only, __be16/__be32 where the wire's byte order is
 * kept, padding spelled out, no unions, no bitfields, constants as enums.
 * Words that are read with one load are split by the enums that end in _SHIFT
 * and _BITS.
 */
#ifndef SLUICE_TYPES_H
#define SLUICE_TYPES_H

#include <linux/types.h>

/* An address of either family, in network order; IPv4 as ::ffff:a.b.c.d. */
struct ip_addr {
	__be32 word[4];
};

/* Which view of a frontend a client has: from inside the node (its pods and
 * its own processes) or from outside (packets that enter by an uplink). */
enum scope {
	SCOPE_INTERNAL = 0,
	SCOPE_EXTERNAL = 1,
};

/* frontends: HASH. One entry per address, port, protocol and scope. */
struct frontend_key {
	struct ip_addr addr;
	__be16 port;
	__u8 proto; /* IPPROTO_* */
	__u8 scope; /* enum scope */
};

/* One word, read with one load: service id and enum frontend_flag. */
struct frontend {
	__u64 word;
};

enum frontend_word {
	FRONTEND_SERVICE_SHIFT = 0,
	FRONTEND_SERVICE_BITS = 32,
	FRONTEND_FLAGS_SHIFT = 32,
	FRONTEND_FLAGS_BITS = 32,
};

enum frontend_flag {
	FRONTEND_LOCAL_SET = 1,  /* use service.local_set, not cluster_set */
	FRONTEND_MASQUERADE = 2, /* packet path: the backend sees the node's
				    address, whoever the client is */
	FRONTEND_MASQUERADE_OUTSIDE = 4, /* the same, unless the client is a pod
					    of this cluster (see sources) */
	FRONTEND_RANGES = 8,   /* only clients in ranges; others are dropped */
	FRONTEND_ADDRESS = 16, /* port and proto are 0: a service address whose
				  other ports are refused; no service id */
	FRONTEND_ECHO = 32,    /* port and proto are 0: a service address that
				  answers ICMP echo; no service id */
	FRONTEND_NODE_PORT = 64, /* at an address of the node's own: of TCP only
				    a SYN begins a flow there, since other
				    packets may be of connections that
				    nf_conntrack has masqueraded */
};

/*
 * services: ARRAY, indexed by service id, mmapable. One entry per service
 * port and address family. A set is one word {generation, count, base} that
 * names slots[base .. base+count). An empty local set is dropped while the
 * cluster set has backends; otherwise an empty set is rejected (kube-proxy's
 * rule: all that the local set has, the cluster set has too, but for moments).
 */
struct service {
	__u64 cluster_set;
	__u64 local_set;
	__u32 flags; /* enum service_flag */
	__u32 affinity_sec;
	__u8 proto;
	__u8 family; /* 4 or 6 */
	__u8 reserved[38];
};

enum set_word {
	SET_BASE_SHIFT = 0,
	SET_BASE_BITS = 24,
	SET_COUNT_SHIFT = 24,
	SET_COUNT_BITS = 16,
	SET_GENERATION_SHIFT = 40,
	SET_GENERATION_BITS = 24,
};

enum service_flag {
	SERVICE_PRESENT = 1,
};

/* affinity: LRU. Which backend a client got last, when service.affinity_sec is
 * not 0. Shared by all frontends of the service port. */
struct affinity_key {
	struct ip_addr client; /* the packet's source; for sockets, whose source
				  is not known yet, the cookie of their network
				  namespace in word[0] and word[1] */
	__u32 service;
	__u8 kind; /* enum affinity_kind */
	__u8 pad[3];
};

enum affinity_kind {
	AFFINITY_ADDRESS = 0,
	AFFINITY_NETNS = 1,
};

struct affinity {
	__u32 backend;
	__u32 backend_generation;
	__u64 last_used; /* jiffies64: when a connection began with it last */
	__u32 slot;      /* where in the set it was; it may have moved since */
	__u32 pad;
};

/* ranges: LPM_TRIE. Clients that a frontend with FRONTEND_RANGES is for. */
struct range_key {
	__u32 prefixlen; /* 32 bits of service, then those of the address */
	__be32 service;  /* service id, in network order: prefixes go from the
			    first bit of the first byte */
	struct ip_addr addr;
};

/* sources: LPM_TRIE. Where clients are whose device does not tell: prefixes of
 * the cluster's pods (detectLocalMode ClusterCIDR and NodeCIDR). */
struct source_key {
	__u32 prefixlen; /* bits of addr, 96 more than an IPv4 prefix has */
	struct ip_addr addr;
};

/* service_cidrs: LPM_TRIE, struct source_key: addresses that belong to
 * Services; those of no Service are dropped. */

/* The value of ranges, sources and service_cidrs. */
struct prefix {
	__u32 flags; /* enum prefix_flag */
};

enum prefix_flag {
	PREFIX_PRESENT = 1,
};

/* slots: ARRAY, mmapable; sets are ranges of it. */
struct slot {
	__u32 backend;
};

/*
 * backends: ARRAY, indexed by backend id, mmapable. An id belongs to exactly
 * one service (port) and endpoint. word holds generation and state; it is
 * cleared first and published last. Id 0 is never used.
 */
struct backend {
	__u32 word;
	__u32 service;
	struct ip_addr addr;
	__be16 port;
	__u8 proto;
	__u8 flags; /* enum backend_flag */
	__u32 weight;
	__u8 reserved[16];
};

enum backend_word {
	BACKEND_STATE_SHIFT = 0,
	BACKEND_STATE_BITS = 8,
	BACKEND_GENERATION_SHIFT = 8,
	BACKEND_GENERATION_BITS = 24,
};

enum backend_state {
	BACKEND_GONE = 0,
	BACKEND_ACTIVE = 1,   /* member of at least one set */
	BACKEND_DRAINING = 2, /* in no set; its flows go on */
};

enum backend_flag {
	BACKEND_LOCAL = 1, /* on this node */
};

/* backend_stats: ARRAY, indexed by backend id, mmapable; added to atomically
 * when a connection begins or ends, never per packet. */
struct backend_stats {
	__u64 connections; /* begun */
	__u64 closed;      /* ended: open connections = connections - closed */
};

/* service_stats: ARRAY, indexed by service id, mmapable. */
struct service_stats {
	__u64 connections;
	__u64 rejected;
	__u64 dropped;
	__u64 reserved;
};

/* names: HASH, service id -> whose port it is. Written by the agent only; NUL
 * padded. Lets the CLI and a restarted agent know what the ids mean. */
struct service_name {
	char ns[64];
	char name[64];
	char port[64];
};

/* flows, overflow: one entry per direction of a translated flow. */
struct flow_key {
	struct ip_addr src;
	struct ip_addr dst;
	__be16 sport; /* ICMP echo: identifier */
	__be16 dport;
	__u8 proto;
	__u8 direction; /* enum flow_direction */
	__u8 pad[2];
};

enum flow_direction {
	FLOW_FORWARD = 0, /* client to service, as the client sends it */
	FLOW_REPLY = 1,   /* backend to client, as the backend sends it */
};

/*
 * What to do with a packet of that key. The four tuple fields are what is
 * written into the packet. The twin entry's key is found from them: the
 * twin's key is the reverse of the packet after translation.
 */
struct flow {
	struct ip_addr src;
	struct ip_addr dst;
	__be16 sport;
	__be16 dport;
	__u32 ifindex;   /* way other than WAY_STACK: where it is sent */
	__u64 last_seen; /* jiffies64 */
	__u32 service;
	__u32 backend;
	__u32 backend_generation;
	__u32 tried; /* hash bits of backends that did not answer */
	__u8 hook;   /* enum flow_hook: the only hook that acts on it */
	__u8 way;    /* enum flow_way */
	__u8 state;  /* enum flow_state, kept alike in both directions */
	__u8 flags;  /* enum flow_flag */
	__u8 dmac[6];
	__u8 smac[6];
	__u64 created; /* jiffies64 */
	__u32 mtu;     /* of ifindex when it was chosen, or enum flow_mtu */
	__u32 socket; /* low half of the cookie of the client's socket, for flows
			 of the node itself and of connected sockets */
	__u8 reserved[8];
};

enum flow_hook {
	HOOK_INGRESS = 0,
	HOOK_EGRESS = 1,
};

/* How a translated packet goes on; chosen once per flow, for both directions. */
enum flow_way {
	WAY_STACK = 0,  /* the node's own stack routes it */
	WAY_NEIGH = 1,  /* bpf_redirect_neigh to ifindex */
	WAY_PEER = 2,   /* bpf_redirect_peer into the pod behind ifindex */
	WAY_BRIDGE = 3, /* stays in the bridge it came from: new dmac only */
	WAY_INGRESS =
		4, /* re-injected at ingress of ifindex (replies to the node itself) */
};

enum flow_mtu {
	FLOW_MTU_ANY = 0, /* not checked */
	FLOW_MTU_LOST =
		1, /* ifindex may be wrong by now: the next packet, which is
			      larger than that, asks the fib again */
};

enum flow_state {
	FLOW_SYN_SENT = 0,    /* TCP: handshake; UDP: one direction seen */
	FLOW_ESTABLISHED = 1, /* TCP: the client answered the backend's answer;
				 UDP: both directions seen */
	FLOW_CLOSING = 2,     /* one FIN seen; SCTP: SHUTDOWN */
	FLOW_CLOSED = 3,      /* RST, or FIN both ways; SCTP: ABORT, or
				 SHUTDOWN ACK or SHUTDOWN COMPLETE */
};

enum flow_flag {
	FLOW_MASQUERADED = 1,  /* source address is the node's */
	FLOW_PORT_CHANGED = 2, /* source port is from the masquerade range */
	FLOW_DIRECT = 4,    /* a direct flow moved aside for a service flow */
	FLOW_HALF_OPEN = 8, /* counted in control.half_open */
	FLOW_FIN_FORWARD = 16,
	FLOW_FIN_REPLY = 32,
	FLOW_OVERFLOW = 64, /* stored in overflow, not in flows */
	FLOW_REPLIED = 128, /* FLOW_SYN_SENT, not UDP: the client is awaited */
};

/* sockets: SK_STORAGE. What a socket's owner connected to. */
struct socket_state {
	struct ip_addr vip;
	struct ip_addr addr; /* of the backend, what the kernel connected to */
	__be16 port;         /* of the VIP */
	__be16 backend_port;
	__u8 proto;
	__u8 flags; /* enum socket_flag */
	__u8 pad[2];
	__u32 service;
	__u32 backend;
	__u32 backend_generation;
};

enum socket_flag {
	SOCKET_CONNECTED = 1, /* to a backend; the fields above are set */
	SOCKET_PEERS = 2,     /* udp_peers has had entries of this socket */
	SOCKET_COUNTED = 4,   /* counted in backend_stats.connections */
};

/* udp_peers: LRU. Unconnected UDP: VIP <-> backend per socket. */
struct udp_peer_key {
	__u64 cookie; /* bpf_get_socket_cookie() */
	struct ip_addr addr;
	__be16 port;
	__u8 kind; /* enum udp_peer_kind */
	__u8 pad[5];
};

enum udp_peer_kind {
	UDP_PEER_REPLY = 0,   /* backend address -> VIP */
	UDP_PEER_FORWARD = 1, /* VIP -> backend */
};

struct udp_peer {
	struct ip_addr addr;
	__be16 port;
	__u8 pad[2];
	__u32 service;
	__u32 backend;
	__u32 backend_generation;
};

/* tombstones: LRU. A UDP endpoint that left a service port, for sockets that
 * were connected to it by the socket hooks: they know which service. */
struct tombstone_key {
	struct ip_addr addr;
	__be16 port;
	__u8 proto;
	__u8 pad;
};

struct tombstone {
	__u32 service; /* the last one that it left */
	__u32 pad;
};

/* fragments: LRU. Ports of a datagram, learnt from its first fragment. */
struct fragment_key {
	struct ip_addr src;
	struct ip_addr dst;
	__be32 id;
	__u8 proto;
	__u8 pad[3];
};

struct fragment {
	__be16 sport;
	__be16 dport;
};

/* devices: HASH, ifindex -> what the agent knows of a device we serve. */
struct device {
	struct ip_addr masq4; /* source for masquerade out of it; 0: none */
	struct ip_addr masq6;
	__u32 master; /* ifindex of its bridge; 0: none */
	__u8 kind;    /* enum device_kind */
	__u8 flags;   /* enum device_flag */
	__u8 mac[6];
	__u32 mtu;      /* 0: not known */
	__s32 netns_id; /* of the pod's network namespace, as this one's
			   calls it; -1: not known */
	__u8 reserved[12];
};

enum device_kind {
	DEVICE_POD = 1,
	DEVICE_UPLINK = 2,
	DEVICE_LOOPBACK = 3,
};

enum device_flag {
	DEVICE_REDIRECT = 1, /* no foreign hook would be bypassed */
	DEVICE_PEER = 2,     /* bpf_redirect_peer works on it (veth) */
	DEVICE_L3 = 4,       /* no Ethernet header */
};

/* settings: ARRAY[1], mmapable; what may change while programs run. */
struct settings {
	__u64 timeout[8];     /* jiffies, by enum timeout */
	struct ip_addr node4; /* masquerade address of last resort; 0: none */
	struct ip_addr node6;
	__u32 hz;
	__u32 half_open_max;
	__u16 masquerade_port_first; /* host order, inclusive */
	__u16 masquerade_port_last;
	__u8 forwarding; /* enum forwarding */
	__u8 events;     /* 1: drops are sent to the events ring */
	__u8 previous;   /* enum previous_flows */
	__u8 pad;
	__u32 filter_mask; /* bits in the filter - 1; for releases that do not have
			      it as a constant (config.h) */
	__u8 reserved[52];
};

enum timeout {
	TIMEOUT_TCP_SYN = 0,
	TIMEOUT_TCP_ESTABLISHED = 1,
	TIMEOUT_TCP_CLOSING = 2,
	TIMEOUT_TCP_CLOSED = 3,
	TIMEOUT_UDP = 4,
	TIMEOUT_UDP_STREAM = 5,
	TIMEOUT_ICMP = 6,
	TIMEOUT_SCTP = 7, /* between handshake and end, which are TCP's */
};

enum forwarding {
	FORWARDING_AUTO = 0,
	FORWARDING_STACK = 1,
	FORWARDING_REDIRECT = 2,
};

/* What becomes of the flow table of the release before, see previous.h. */
enum previous_flows {
	PREVIOUS_NONE = 0, /* there is none, or it is empty */
	PREVIOUS_DRAIN =
		1, /* flows not found are looked for there, and moved */
	PREVIOUS_SHARED = 2, /* programs of that release still run and use it */
};

/*
 * control: ARRAY[1], mmapable; words that the programs write. The first cache
 * line is read by every packet and seldom written, the second the other way.
 */
struct control {
	__u32 flows_in_use
		[4]; /* by 2 * enum flow_direction + enum flow_hook, enum
				  in_use: entries of that direction that act
				  there, in flows or overflow */
	__u32 overflow_in_use; /* enum in_use: entries of overflow */
	__u32 direct_in_use;   /* enum in_use: FLOW_DIRECT entries */
	__u32 direct_seen[2]; /* by enum flow_hook, 1: a pod, the node connected
				 to a backend directly; stays */
	__u64 service_v4[2];  /* enum service_range; zeros: none */
	__u64 service_v6[2];  /* the same of the first halves of addresses: not
				  the address, host bits */
	__u64 half_open; /* entries of flows with FLOW_HALF_OPEN, by connection;
			    may run below 0 */
	__u8 pad[56];
};

/*
 * service_v4: prefixes that hold all of service_cidrs and perhaps more, so that
 * most packets are told from those for a service address by a comparison. The
 * address inverted and the mask inverted, both in network byte order, so that
 * zeros hold the broadcast address alone.
 */
enum service_range {
	SERVICE_NOT_ADDRESS_SHIFT = 0,
	SERVICE_NOT_ADDRESS_BITS = 32,
	SERVICE_HOST_BITS_SHIFT = 32,
	SERVICE_HOST_BITS_BITS = 32,
};

/*
 * Whether entries of a kind may exist. Programs write IN_USE after they have
 * stored one and before its packet goes on. The agent writes IN_USE_CHECKED
 * between two passes over the tables, and changes that to IN_USE_NOT when the
 * next pass has found none and the word is still the same.
 */
enum in_use {
	IN_USE_NOT = 0,
	IN_USE = 1,
	IN_USE_CHECKED = 2,
};

/* filter: ARRAY of 64-bit words, mmapable: which tuples, and which addresses of
 * frontends and tombstones, can be ours at all. Number of a bit: the low bits of
 * filter_hash(addr, port, proto, kind), or of filter_hash_address(addr). */
struct filter_word {
	__u64 bits;
};

enum filter_kind {
	FILTER_FRONTEND = 0, /* as destination */
	FILTER_BACKEND =
		1, /* as source of replies, or destination of direct packets */
	FILTER_TOMBSTONE = 2, /* as destination */
};

/* drops: PERCPU ARRAY, indexed by enum drop_reason. */
struct drop_count {
	__u64 packets;
};

/* Every packet or call that Sluice refuses, by name. Rejects answer the
 * client; drops are silent. New reasons are added at the end; 3 has never been
 * counted. */
enum drop_reason {
	DROP_NONE = 0,
	DROP_NO_ENDPOINT = 1,       /* rejected: no endpoint anywhere */
	DROP_NO_LOCAL_ENDPOINT = 2, /* policy Local, endpoints elsewhere only */
	DROP_FLOW_TABLE_FULL = 4,   /* neither flows nor overflow took it */
	DROP_NO_MASQUERADE_ADDRESS = 5, /* no node address of that family */
	DROP_NO_MASQUERADE_PORT = 6,    /* every tried source port is in use */
	DROP_ICMP_REDIRECT = 7,         /* about a translated flow */
	DROP_FIB = 8,                   /* no route to the backend */
	DROP_TTL = 9,      /* expired on a redirected flow; answered */
	DROP_TOO_BIG = 10, /* above the MTU, redirected flow; answered */
	DROP_REWRITE = 11, /* the kernel refused a packet write */
	DROP_FRAGMENT =
		12, /* a fragment whose ports are not known; of SCTP also
			       one whose ports would change */
	DROP_HOST_BACKEND =
		13, /* node client, host-network backend, socket-lb off or SCTP */
	DROP_SOCKET_PEER_CONFLICT =
		14, /* two VIPs, one UDP socket, one backend: last one wins */
	DROP_SOURCE_RANGE = 15, /* not in loadBalancerSourceRanges */
	DROP_UNKNOWN_PORT = 16, /* rejected: a service address's other port */
	DROP_UNKNOWN_ADDRESS = 17, /* in a ServiceCIDR, but no Service's */
	DROP_MARTIAN = 18, /* 127/8 or ::1 from a device (CVE-2020-8558) */
	DROP_REASONS = 19,
};

/* events: RINGBUF. */
struct event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	struct flow_key key;
	__u32 service;
	__u32 ifindex;
	__u8 kind;   /* enum event_kind */
	__u8 reason; /* enum drop_reason */
	__u8 pad[6];
};

enum event_kind {
	EVENT_DROP = 1,
};

/* What the reaper (bpf/reaper.bpf.c) is told and answers, in the packet data
 * of a test-run: one header, then count flow keys (40 bytes each). */
struct reap_request {
	__u32 count;
	__u32 mode;    /* enum reap_mode */
	__u32 deleted; /* answer: entries deleted, both directions counted */
	__u32 kept;    /* answer: keys whose flow is still alive */
};

enum reap_mode {
	REAP_EXPIRED = 0, /* only what is past its timeout */
	REAP_FORCED = 1,  /* whatever the key names */
	REAP_MOVE = 2,    /* nothing: keys of previous_flows, moved to flows */
	REAP_LOST = 3, /* nothing: their ways are found again (enum flow_mtu) */
};

enum reap_limit {
	REAP_KEYS_MAX = 32,
};

/* Version in the pin's name of each map, maps/<name>.v<N>: raised whenever
 * the layout of its key or value, or the meaning of a field, changes. */
enum map_version {
	MAP_VERSION_FRONTENDS = 1,
	MAP_VERSION_SERVICES = 1,
	MAP_VERSION_SLOTS = 1,
	MAP_VERSION_BACKENDS = 1,
	MAP_VERSION_BACKEND_STATS = 1,
	MAP_VERSION_SERVICE_STATS = 1,
	MAP_VERSION_NAMES = 1,
	MAP_VERSION_FLOWS = 1,
	MAP_VERSION_OVERFLOW = 1,
	MAP_VERSION_SOCKETS = 1,
	MAP_VERSION_UDP_PEERS = 1,
	MAP_VERSION_TOMBSTONES = 1,
	MAP_VERSION_FRAGMENTS = 1,
	MAP_VERSION_DEVICES = 1,
	MAP_VERSION_SETTINGS = 1,
	MAP_VERSION_CONTROL = 1,
	MAP_VERSION_FILTER = 1,
	MAP_VERSION_DROPS = 1,
	MAP_VERSION_EVENTS = 1,
	MAP_VERSION_AFFINITY = 1,
	MAP_VERSION_RANGES = 1,
	MAP_VERSION_SOURCES = 1,
	MAP_VERSION_SERVICE_CIDRS = 1,
};

#endif /* SLUICE_TYPES_H */
