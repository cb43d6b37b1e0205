/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What parsing found out about a packet, and the per-CPU room it lives in. */
#ifndef SLUICE_PACKET_H
#define SLUICE_PACKET_H

#include <linux/bpf.h>
#include <linux/in.h>

#include <stdbool.h>

#include "backend.h"
#include "maps.h"

/* Offsets count from skb->data; tuple.direction is set by the lookups. */
struct packet {
	struct flow_key tuple;
	__be32 fragment_id;
	__u16 l3;
	__u16 l4;
	__u16 l4_size;  /* TCP: header with options; UDP: 8; SCTP: 12 */
	__u16 flags;    /* enum packet_flag */
	__u16 ip_check; /* IPv4: checksum of the header */
	__u8 tcp_flags; /* enum tcp_flag; SCTP: what its chunks are like */
	__u8 ttl;
	__u8 is_v6;
	__u8 pad[3];
};

enum packet_flag {
	PACKET_ICMP_ERROR = 1,
	PACKET_FIRST_FRAGMENT = 2,
	PACKET_LATER_FRAGMENT = 4, /* no L4 header; ports from memory */
	PACKET_TO_FRONTEND = 8,    /* the filter's answers */
	PACKET_TO_TOMBSTONE = 16,
	PACKET_TO_BACKEND = 32,
	PACKET_FROM_BACKEND = 64,
	PACKET_TO_SERVICE_RANGE = 128, /* see struct control */
	PACKET_ECHO = 256, /* ICMP echo request, or a later fragment of ICMP */
};

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_ACK = 16,
};

enum packet_limit {
	PACKET_L4_MAX = 240, /* L4 headers are looked for up to here */
	QUOTE_HEADER = 64,   /* most of an IP header that an answer quotes */
	QUOTE_L4 = 40,       /* most of L4 that an answer quotes */
};

/* The parts of headers that nat.h makes anew. */
struct nat_part_v4 {
	__u8 pad[2];
	__u8 dmac[6];
	__u8 smac[6];
	__be16 type;
	__be32 begin[2]; /* of the IP header */
	__u8 ttl;
	__u8 proto;
	__u16 check;
	__be32 src;
	__be32 dst;
	__be16 ports[2];
};

struct nat_part_v6 {
	__u8 pad[3];
	__u8 hop_limit;
	__be32 src[4];
	__be32 dst[4];
	__be16 ports[2];
};

/*
 * What one program run hands from station to station. Values read back from
 * a map are unknown scalars to the verifier, so paths that differ in family
 * or protocol meet again here instead of multiplying.
 */
struct scratch {
	struct packet packet;
	struct packet quoted; /* by an ICMP error: where its headers end */
	struct service_ref service;
	struct backend_ref backend;
	struct frontend_key frontend;
	struct tombstone_key left;
	struct source_key source;
	struct range_key range;
	struct affinity_key affinity;
	struct flow_key twin_key;
	struct flow forward;
	struct flow reply;
	struct bpf_fib_lookup fib;
	struct device client; /* the device the packet is at */
	__s32 netns_id;       /* of the client's sockets; see direct.h */
	__u32 ask_sockets;    /* 1: a new flow may clash with one of them */
	__u32 from_pod;       /* 1: a pod of this cluster sends the packet */
	__u32 no_lookup;  /* 1: there may be a flow of this packet already */
	__u32 was_faster; /* 1: another CPU stored the packet's flow first */
	__u8 header[QUOTE_HEADER];
	__u8 quote[QUOTE_L4];
	struct nat_part_v4 part_v4;
	struct nat_part_v6 part_v6;
	__u32 change; /* nat.h: csum of the addresses */
};

/* True when the packet begins a TCP connection or an SCTP association. Packets
 * of other protocols have no flags. */
static __always_inline bool packet_is_syn(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* True when packets tell where a connection begins and ends. */
static __always_inline bool packet_has_states(const struct packet *packet)
{
	return packet->tuple.proto != IPPROTO_UDP;
}

/* Room of one run; never pinned, holds nothing between runs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline struct scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

#endif /* SLUICE_PACKET_H */
