/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From bytes to struct packet. Every bounds check of the fast path is here. */
#ifndef SLUICE_PARSE_H
#define SLUICE_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <stdbool.h>

#include "address.h"
#include "context.h"
#include "fragment.h"
#include "packet.h"
#include "sctp.h"

enum parsed {
	PARSED_OURS = 0,  /* TCP, UDP, SCTP, an ICMP error or echo: tuple is
			     filled */
	PARSED_OTHER = 1, /* anything else */
	PARSED_SHORT = 2, /* headers are not in the linear part */
};

enum ipv6_limit {
	IPV6_EXTENSIONS_MAX = 4,
};

/* linux/icmp.h needs libc headers, so the few types are named here. */
enum icmp_type {
	ICMP_ECHO_ANSWER = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_REDIRECTED = 5,
	ICMP_ECHO_REQUEST = 8,
	ICMP_EXPIRED = 11,
	ICMP_PARAMETER = 12,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_EXPIRED = 3,
	ICMP6_PARAMETER = 4,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_ANSWER = 129,
};

static __always_inline bool icmp_is(__u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static __always_inline bool icmp_is_error(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMP)
		return type == ICMP_UNREACHABLE || type == ICMP_EXPIRED ||
		       type == ICMP_PARAMETER || type == ICMP_REDIRECTED;
	return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER;
}

/* What an ICMP packet of this type is to us. */
static __always_inline enum parsed parse_icmp(struct packet *packet, __u8 type)
{
	__u8 proto = packet->tuple.proto;

	if (icmp_is_error(proto, type))
		packet->flags |= PACKET_ICMP_ERROR;
	else if (type == (proto == IPPROTO_ICMP ? ICMP_ECHO_REQUEST :
						  ICMP6_ECHO_REQUEST))
		packet->flags |= PACKET_ECHO;
	else
		return PARSED_OTHER;
	return PARSED_OURS;
}

/* A fragment that has no L4 header: by what the first one said, or by ICMP's
 * rule that answers to echo are all of its data, whatever that is. */
static __always_inline enum parsed parse_later_fragment(struct packet *packet)
{
	if (icmp_is(packet->tuple.proto))
		packet->flags |= PACKET_ECHO;
	else if (!fragment_recall(packet))
		return PARSED_OTHER;
	return PARSED_OURS;
}

/* The L4 header at packet->l4. */
static __always_inline enum parsed parse_l4(struct __sk_buff *skb,
					    const struct bytes *bytes,
					    struct packet *packet)
{
	__u16 offset = packet->l4;
	__u8 *l4;

	if (packet->flags & PACKET_LATER_FRAGMENT)
		return parse_later_fragment(packet);
	if (offset > PACKET_L4_MAX)
		return PARSED_OTHER;
	l4 = bytes->data + offset;
	if ((void *)(l4 + 8) > bytes->end)
		return PARSED_SHORT;
	if (icmp_is(packet->tuple.proto))
		return parse_icmp(packet, l4[0]);
	packet->tuple.sport = *(__be16 *)l4;
	packet->tuple.dport = *(__be16 *)(l4 + 2);
	packet->l4_size = 8;
	if (packet->tuple.proto == IPPROTO_UDP)
		return PARSED_OURS;
	if (packet->tuple.proto == IPPROTO_SCTP) {
		if ((void *)(l4 + SCTP_HEADER) > bytes->end)
			return PARSED_SHORT;
		packet->l4_size = SCTP_HEADER;
		packet->tcp_flags = sctp_flags(skb, offset + SCTP_HEADER);
		return PARSED_OURS;
	}
	if ((void *)(l4 + sizeof(struct tcphdr)) > bytes->end)
		return PARSED_SHORT;
	packet->l4_size = (l4[12] >> 4) * 4;
	packet->tcp_flags = l4[13];
	return PARSED_OURS;
}

static __always_inline bool proto_is_ours(__u8 proto, __u8 icmp)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP || proto == icmp;
}

static __always_inline enum parsed parse_v4(struct __sk_buff *skb,
					    const struct bytes *bytes,
					    struct packet *packet)
{
	const struct iphdr *ip = bytes->data + packet->l3;
	__u16 fragment;

	if ((void *)(ip + 1) > bytes->end)
		return PARSED_SHORT;
	if (ip->version != 4 || ip->ihl < 5 ||
	    !proto_is_ours(ip->protocol, IPPROTO_ICMP))
		return PARSED_OTHER;
	address_set_v4(&packet->tuple.src, ip->saddr);
	address_set_v4(&packet->tuple.dst, ip->daddr);
	packet->tuple.proto = ip->protocol;
	packet->ttl = ip->ttl;
	packet->ip_check = ip->check;
	packet->l4 = packet->l3 + ip->ihl * 4;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & 0x3fff) {
		packet->fragment_id = ip->id;
		packet->flags |= fragment & 0x1fff ? PACKET_LATER_FRAGMENT :
						     PACKET_FIRST_FRAGMENT;
	}
	return parse_l4(skb, bytes, packet);
}

/*
 * Walks extension headers from the one of type next at packet->l4 and leaves
 * packet->l4 at the L4 header, whose protocol is returned; -1 when it is none
 * of ours.
 */
static __noinline int parse_v6_extensions(struct __sk_buff *skb,
					  struct packet *packet, __u8 next)
{
	__u8 header[8];

	if (!packet)
		return -1;
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		if (proto_is_ours(next, IPPROTO_ICMPV6))
			return next;
		if (bpf_skb_load_bytes(skb, packet->l4, header, sizeof(header)))
			return -1;
		if (next == IPPROTO_FRAGMENT) {
			__u16 offset = (header[2] << 8 | header[3]) & 0xfff8;

			__builtin_memcpy(&packet->fragment_id, header + 4, 4);
			if (offset)
				packet->flags |= PACKET_LATER_FRAGMENT;
			else if (header[3] & 1)
				packet->flags |= PACKET_FIRST_FRAGMENT;
			packet->l4 += 8;
		} else if (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
			   next == IPPROTO_DSTOPTS) {
			packet->l4 += (header[1] + 1) * 8;
		} else {
			return -1;
		}
		next = header[0];
		if (packet->flags & PACKET_LATER_FRAGMENT)
			break;
	}
	return proto_is_ours(next, IPPROTO_ICMPV6) ? next : -1;
}

static __always_inline enum parsed parse_v6(struct __sk_buff *skb,
					    const struct bytes *bytes,
					    struct packet *packet)
{
	const struct ipv6hdr *ip = bytes->data + packet->l3;
	int proto;

	if ((void *)(ip + 1) > bytes->end)
		return PARSED_SHORT;
	if (ip->version != 6)
		return PARSED_OTHER;
	address_set_v6(&packet->tuple.src, ip->saddr.in6_u.u6_addr32);
	address_set_v6(&packet->tuple.dst, ip->daddr.in6_u.u6_addr32);
	packet->is_v6 = 1;
	packet->ttl = ip->hop_limit;
	packet->l4 = packet->l3 + sizeof(*ip);
	proto = ip->nexthdr;
	if (!proto_is_ours(proto, IPPROTO_ICMPV6))
		proto = parse_v6_extensions(skb, packet, proto);
	if (proto < 0)
		return PARSED_OTHER;
	packet->tuple.proto = proto;
	return parse_l4(skb, bytes, packet);
}

/*
 * Where IP begins. A device without Ethernet header shows IP at once: byte 0
 * is then 0x45 or above, which as the first byte of a MAC would be a group
 * address, and what looks like the type field does not match.
 */
static __always_inline enum parsed parse_once(struct __sk_buff *skb,
					      struct packet *packet)
{
	struct bytes bytes = packet_bytes(skb);
	const struct ethhdr *eth = bytes.data;
	const __u8 *first = bytes.data;

	__builtin_memset(packet, 0, sizeof(*packet));
	if ((void *)(eth + 1) > bytes.end)
		return PARSED_SHORT;
	if (eth->h_proto == skb->protocol && first[0] != 0x45)
		packet->l3 = sizeof(*eth);
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return parse_v4(skb, &bytes, packet);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return parse_v6(skb, &bytes, packet);
	return PARSED_OTHER;
}

/* True when the packet is TCP, UDP, SCTP, an ICMP error or echo, and its tuple
 * known. */
static __always_inline bool parse_packet(struct __sk_buff *skb,
					 struct packet *packet)
{
	enum parsed parsed = parse_once(skb, packet);

	if (parsed == PARSED_SHORT) {
		__u32 want = PACKET_L4_MAX;

		if (bpf_skb_pull_data(skb, skb->len < want ? skb->len : want))
			return false;
		parsed = parse_once(skb, packet);
	}
	return parsed == PARSED_OURS;
}

#endif /* SLUICE_PARSE_H */
