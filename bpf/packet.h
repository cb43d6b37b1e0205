/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What parsing found out about a packet, and the per-CPU room it lives in. */
#ifndef SLUICE_PACKET_H
#define SLUICE_PACKET_H

#include <linux/bpf.h>

#include "backend.h"
#include "maps.h"

/* Offsets count from skb->data; tuple.direction is set by the lookups. */
struct packet {
	struct flow_key tuple;
	__be32 fragment_id;
	__u16 l3;
	__u16 l4;
	__u16 l4_size;  /* TCP: header with options; UDP: 8 */
	__u8 flags;     /* enum packet_flag */
	__u8 tcp_flags; /* enum tcp_flag */
	__u8 ttl;
	__u8 is_v6;
	__u8 pad[6];
};

enum packet_flag {
	PACKET_ICMP_ERROR = 1,
	PACKET_FIRST_FRAGMENT = 2,
	PACKET_LATER_FRAGMENT = 4, /* no L4 header; ports from memory */
	PACKET_TO_FRONTEND = 8,    /* the filter's answers */
	PACKET_TO_TOMBSTONE = 16,
	PACKET_TO_BACKEND = 32,
	PACKET_FROM_BACKEND = 64,
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
	__u8 ttl;
	__u8 proto;
	__u16 check;
	__be32 src;
	__be32 dst;
	__be16 ports[2];
};

struct nat_part_v6 {
	__be16 payload_len;
	__u8 next;
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
	struct service_ref service;
	struct backend_ref backend;
	struct flow_key twin_key;
	struct flow forward;
	struct flow reply;
	struct bpf_fib_lookup fib;
	struct device client; /* the device the packet is at */
	__s32 netns_id;       /* of the client's sockets; see direct.h */
	__u32 ask_sockets;    /* 1: a new flow may clash with one of them */
	__u8 header[QUOTE_HEADER];
	__u8 quote[QUOTE_L4];
	struct nat_part_v4 part_v4;
	struct nat_part_v6 part_v6;
};

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
