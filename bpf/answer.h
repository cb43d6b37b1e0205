/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* ICMP errors that Sluice itself sends: the packet, turned into its answer. */
#ifndef SLUICE_ANSWER_H
#define SLUICE_ANSWER_H

#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "csum.h"
#include "ethernet.h"
#include "packet.h"
#include "parse.h"
#include "route.h"
#include "verdict.h"

enum answer {
	ANSWER_UNREACHABLE = 0, /* port unreachable, from the frontend */
	ANSWER_EXPIRED = 1,     /* TTL or hop limit, from the node */
	ANSWER_TOO_BIG = 2,     /* fragmentation needed, packet too big */
};

/* The first 8 bytes of ICMP and ICMPv6 errors alike. */
struct icmp_head {
	__u8 type;
	__u8 code;
	__u16 check;
	__be32 info; /* MTU or 0 */
};

struct answer_v4 {
	struct iphdr ip;
	struct icmp_head icmp;
};

struct answer_v6 {
	struct ipv6hdr ip;
	struct icmp_head icmp;
};

enum answer_limit {
	ANSWER_TTL = 64,
};

static __always_inline void answer_head(struct icmp_head *head, bool is_v6,
					__u32 answer, __u32 mtu)
{
	head->check = 0;
	head->code = 0;
	head->info = bpf_htonl(mtu);
	switch (answer) {
	case ANSWER_EXPIRED:
		head->type = is_v6 ? ICMP6_EXPIRED : ICMP_EXPIRED;
		break;
	case ANSWER_TOO_BIG:
		head->type = is_v6 ? ICMP6_TOO_BIG : ICMP_UNREACHABLE;
		head->code = is_v6 ? 0 : 4;
		break;
	default:
		head->type = is_v6 ? ICMP6_UNREACHABLE : ICMP_UNREACHABLE;
		head->code = is_v6 ? 4 : 3;
	}
}

/*
 * A quoted packet may be CHECKSUM_PARTIAL: then somebody will still sum up
 * the L4 bytes and overwrite the checksum field inside the quote, and so
 * spoil the ICMP checksum. The field gets the one value that this summing
 * writes again: X = ~(S + X), so X = -S / 2 modulo 65535.
 */
static __always_inline __u16 answer_fixed_point(__u16 sum)
{
	__u32 rest = (__u16)~sum;

	if (rest & 1)
		rest += 0xffff;
	rest >>= 1;
	return rest ?: 0xffff;
}

/* Loads the quote, settles its checksum field; its sum, or -1. */
static __always_inline __s64 answer_quote(struct __sk_buff *skb,
					  struct scratch *s)
{
	const struct packet *packet = &s->packet;
	__u32 header = packet->l4 - packet->l3;
	__u32 size = skb->len - packet->l4;
	bool is_tcp = packet->tuple.proto == IPPROTO_TCP;
	bool has_check = is_tcp || packet->tuple.proto == IPPROTO_UDP;
	__u16 *check = (__u16 *)(s->quote + (is_tcp ? 16 : 6));
	__s64 sum;

	if (size < 8)
		return -1;
	/* The compiler likes to compare a copy: up to 6.1 the verifier then
	 * knows nothing of the value itself. The upper bounds come first: 7.2
	 * keeps no lower bound of a difference that may be negative. */
	barrier_var(header);
	if (header > QUOTE_HEADER)
		return -1;
	barrier_var(header);
	if (header < sizeof(struct iphdr))
		return -1;
	if (size > QUOTE_L4)
		size = QUOTE_L4;
	barrier_var(size);
	if (size > QUOTE_L4)
		return -1;
	__builtin_memset(s->header, 0, sizeof(s->header));
	__builtin_memset(s->quote, 0, sizeof(s->quote));
	if (bpf_skb_load_bytes(skb, packet->l3, s->header, header) ||
	    bpf_skb_load_bytes(skb, packet->l4, s->quote, size) ||
	    bpf_skb_change_tail(skb, packet->l4 + size, 0))
		return -1;
	if (has_check && (is_tcp || *check) && size >= (is_tcp ? 18 : 8)) {
		*check = 0;
		sum = bpf_csum_diff(NULL, 0, (__be32 *)s->quote, QUOTE_L4, 0);
		*check = answer_fixed_point(csum_fold(sum));
		if (bpf_skb_store_bytes(skb, packet->l4 + (is_tcp ? 16 : 6),
					check, sizeof(*check),
					BPF_F_RECOMPUTE_CSUM))
			return -1;
	}
	sum = bpf_csum_diff(NULL, 0, (__be32 *)s->quote, QUOTE_L4, 0);
	return bpf_csum_diff(NULL, 0, (__be32 *)s->header, QUOTE_HEADER, sum);
}

static __always_inline __u64 answer_sum(const void *data, __u32 size)
{
	const __u16 *half = data;
	__u64 sum = 0;

#pragma unroll
	for (__u32 i = 0; i < size / 2; i++)
		sum += half[i];
	return sum;
}

static __always_inline long answer_write_v4(struct __sk_buff *skb,
					    const struct scratch *s,
					    const struct icmp_head *head,
					    __u32 sum)
{
	struct answer_v4 out = {};

	out.ip.version = 4;
	out.ip.ihl = 5;
	out.ip.tot_len = bpf_htons(skb->len - s->packet.l3);
	out.ip.frag_off = bpf_htons(0x4000);
	out.ip.ttl = ANSWER_TTL;
	out.ip.protocol = IPPROTO_ICMP;
	out.ip.saddr = s->reply.src.word[3];
	out.ip.daddr = s->packet.tuple.src.word[3];
	out.ip.check = ~csum_fold(answer_sum(&out.ip, sizeof(out.ip)));
	out.icmp = *head;
	out.icmp.check = ~csum_fold(sum + answer_sum(head, sizeof(*head)));
	return bpf_skb_store_bytes(skb, s->packet.l3, &out, sizeof(out),
				   BPF_F_RECOMPUTE_CSUM);
}

static __always_inline long answer_write_v6(struct __sk_buff *skb,
					    const struct scratch *s,
					    const struct icmp_head *head,
					    __u32 sum)
{
	__u16 size = skb->len - s->packet.l3 - sizeof(struct ipv6hdr);
	struct answer_v6 out = {};
	__u64 total = sum;

	out.ip.version = 6;
	out.ip.payload_len = bpf_htons(size);
	out.ip.nexthdr = IPPROTO_ICMPV6;
	out.ip.hop_limit = ANSWER_TTL;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		__be32 src = s->reply.src.word[i];
		__be32 dst = s->packet.tuple.src.word[i];

		out.ip.saddr.in6_u.u6_addr32[i] = src;
		out.ip.daddr.in6_u.u6_addr32[i] = dst;
		total += src;
		total += dst;
	}
	total += bpf_htons(size) + bpf_htons(IPPROTO_ICMPV6);
	out.icmp = *head;
	out.icmp.check = ~csum_fold(total + answer_sum(head, sizeof(*head)));
	return bpf_skb_store_bytes(skb, s->packet.l3, &out, sizeof(out),
				   BPF_F_RECOMPUTE_CSUM);
}

/* Who answers: the frontend itself, or the node for what routers say. To the
 * node itself it is always the frontend: the node's own address would be a
 * martian where the answer enters. */
static __always_inline void answer_source(struct scratch *s, __u32 ifindex,
					  __u32 hook_and_answer)
{
	__u32 hook = hook_and_answer & 1, answer = hook_and_answer >> 1;
	const struct device *device = bpf_map_lookup_elem(&devices, &ifindex);
	const struct settings *set = settings_get();
	const struct ip_addr *addr;

	s->reply.src = s->packet.tuple.dst;
	if (answer == ANSWER_UNREACHABLE || hook == HOOK_EGRESS)
		return;
	addr = route_own_address(device, s->packet.is_v6);
	if (!addr && set)
		addr = s->packet.is_v6 ? &set->node6 : &set->node4;
	if (addr && !address_is_none(addr))
		s->reply.src = *addr;
}

/* Sends the packet back where it came from; false when that cannot be. */
static __always_inline bool answer_back(struct __sk_buff *skb,
					const struct packet *packet, __u32 hook)
{
	if (packet->l3 && !ethernet_swap(skb))
		return false;
	return bpf_redirect(skb->ifindex,
			    hook == HOOK_EGRESS ? BPF_F_INGRESS : 0) ==
	       TC_ACT_REDIRECT;
}

/*
 * Answers the packet in s->packet, as it came (not yet translated), and sends
 * the answer where it came from. mtu: of ANSWER_TOO_BIG. A verdict for the
 * given drop reason; a packet that cannot be answered is just dropped.
 */
__noinline int answer_send(struct __sk_buff *skb, __u32 hook_and_answer,
			   __u32 mtu, __u32 reason)
{
	__u32 hook = hook_and_answer & 1, answer = hook_and_answer >> 1;
	struct scratch *s = scratch_get();
	struct icmp_head head;
	__s64 sum;
	long err;

	if (!s || s->packet.flags & PACKET_LATER_FRAGMENT)
		return verdict_drop(reason);
	sum = answer_quote(skb, s);
	if (sum < 0)
		return verdict_drop(reason);
	err = bpf_skb_adjust_room(skb,
				  s->packet.is_v6 ? sizeof(struct answer_v6) :
						    sizeof(struct answer_v4),
				  BPF_ADJ_ROOM_MAC, 0);
	if (err)
		return verdict_drop(reason);
	answer_source(s, skb->ifindex, hook_and_answer);
	answer_head(&head, s->packet.is_v6, answer, mtu);
	err = s->packet.is_v6 ? answer_write_v6(skb, s, &head, sum) :
				answer_write_v4(skb, s, &head, sum);
	if (err || !answer_back(skb, &s->packet, hook))
		return verdict_drop(reason);
	return verdict_reject(reason);
}

#endif /* SLUICE_ANSWER_H */
