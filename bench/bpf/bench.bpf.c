// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The packet path with yardsticks beside it, in one object so that they can
 * call each other; never attached, only test-run.
 *
 * bench_empty:  what a test-run of any tc program costs by itself.
 * bench_lookup: one lookup of the same key in a hash with 16-byte keys, the
 *               unit in which the packet path is measured.
 * bench_fresh:  makes the packet the first of a flow that does not exist yet
 *               and gives it to tc_ingress.
 * bench_wrap:   the same, but gives it to bench_empty: what the making costs.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>

#include "tc_egress.bpf.c"
#include "tc_ingress.bpf.c"

struct bench_key {
	__u64 word[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct bench_key);
	__type(value, __u64);
} bench_table SEC(".maps");

/* Where fresh packets go; serial counts them, and user space may set it. */
struct bench_target {
	__be32 addr;
	__be16 port;
	__u8 pad[2];
	__u32 serial;
	__u8 reserved[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench_target);
} bench_targets SEC(".maps");

enum bench_next {
	BENCH_NEXT_EMPTY = 0,
	BENCH_NEXT_INGRESS = 1,
	BENCH_NEXT_COUNT = 2,
};

SEC("tc")
int bench_empty(struct __sk_buff *skb __attribute__((unused)))
{
	return TC_ACT_UNSPEC;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, BENCH_NEXT_COUNT);
	__type(key, __u32);
	__array(values, int(struct __sk_buff *));
} bench_next SEC(".maps") = {
	.values = {
		[BENCH_NEXT_EMPTY] = &bench_empty,
		[BENCH_NEXT_INGRESS] = &tc_ingress,
	},
};

SEC("tc")
int bench_lookup(struct __sk_buff *skb __attribute__((unused)))
{
	struct bench_key key = { .word = { 7, 7 } };
	__u64 *value = bpf_map_lookup_elem(&bench_table, &key);

	return value ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* False when the packet is not TCP over IPv4. */
static __always_inline bool make_fresh(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct bench_target *target =
		bpf_map_lookup_elem(&bench_targets, &zero);
	struct bytes bytes = packet_bytes(skb);
	struct iphdr *ip = bytes.data + sizeof(struct ethhdr);
	struct tcphdr *tcp = (void *)(ip + 1);

	if (!target || (void *)(tcp + 1) > bytes.end)
		return false;
	target->serial++;
	/* 10.128.0.0/9: the serial's high bits; ports 1024 and up: the low. */
	ip->saddr = bpf_htonl(0x0a800000 | target->serial >> 14);
	ip->daddr = target->addr;
	tcp->source = bpf_htons(1024 + (target->serial & 0x3fff));
	tcp->dest = target->port;
	return true;
}

SEC("tc")
int bench_fresh(struct __sk_buff *skb)
{
	if (make_fresh(skb))
		bpf_tail_call(skb, &bench_next, BENCH_NEXT_INGRESS);
	return TC_ACT_SHOT;
}

SEC("tc")
int bench_wrap(struct __sk_buff *skb)
{
	if (make_fresh(skb))
		bpf_tail_call(skb, &bench_next, BENCH_NEXT_EMPTY);
	return TC_ACT_SHOT;
}

const char LICENSE[] SEC("license") = "Dual BSD/GPL";
