/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The first look at a packet, in place. Most packets are nothing to us: they
 * pay this and no more, so nothing is copied and no hash table is asked here.
 */
#ifndef SLUICE_GLANCE_H
#define SLUICE_GLANCE_H

#include <stdbool.h>

#include "filter.h"
#include "packet.h"
#include "parse.h"
#include "service_range.h"
#include "settings.h"

enum glance {
	GLANCE_UNSURE =
		1 << 15, /* of no common shape: has to be parsed first */
};

/* True when there may be entries of this direction at this hook. */
static __always_inline bool glance_flows(struct control *words, __u32 direction,
					 __u32 hook)
{
	return READ_WORD(*in_use_word(words, direction, hook));
}

/*
 * True when a packet that is for no frontend may concern us: there are flows,
 * or the first direct connection to a backend is still to be noted.
 */
static __always_inline bool glance_further(struct control *words, __u32 hook)
{
	return glance_flows(words, FLOW_REPLY, HOOK_INGRESS) ||
	       glance_flows(words, FLOW_REPLY, HOOK_EGRESS) ||
	       !READ_WORD(words->direct_seen[hook]);
}

/*
 * True when it matters that the packet is for a backend: a direct connection
 * that begins gets out of a service flow's way, and may later have a flow of
 * its own.
 */
static __always_inline bool glance_asks_direct(const struct packet *packet,
					       struct control *words)
{
	return packet_is_syn(packet) || READ_WORD(words->direct_in_use);
}

/* Asks the filter what else the packet can be than one for a frontend. */
static __always_inline void glance_backends(struct packet *packet,
					    struct control *words, __u32 hook)
{
	const struct flow_key *tuple = &packet->tuple;

	if (!glance_further(words, hook))
		return;
	if (glance_asks_direct(packet, words) &&
	    filter_maybe(&tuple->dst, tuple->dport, tuple->proto,
			 FILTER_BACKEND))
		packet->flags |= PACKET_TO_BACKEND;
	if (glance_flows(words, FLOW_REPLY, hook) &&
	    filter_maybe(&tuple->src, tuple->sport, tuple->proto,
			 FILTER_BACKEND))
		packet->flags |= PACKET_FROM_BACKEND;
}

/* Asks the filter whether the packet can be for a frontend, or for a backend
 * that left: by ports, of an address that some of them may have. */
static __always_inline void glance_frontends(struct packet *packet)
{
	const struct flow_key *tuple = &packet->tuple;

	if (filter_maybe(&tuple->dst, tuple->dport, tuple->proto,
			 FILTER_FRONTEND) ||
	    filter_maybe(&tuple->dst, 0, 0, FILTER_FRONTEND))
		packet->flags |= PACKET_TO_FRONTEND;
	if (tuple->proto == IPPROTO_UDP &&
	    filter_maybe(&tuple->dst, tuple->dport, tuple->proto,
			 FILTER_TOMBSTONE))
		packet->flags |= PACKET_TO_TOMBSTONE;
}

/* Notes that a packet that is for no frontend may be for an address that
 * belongs to Services and that none has. */
static __always_inline void
glance_range(struct packet *packet, const struct control *words, bool is_v6)
{
	if (!(packet->flags & PACKET_TO_FRONTEND) &&
	    service_range_maybe(words, &packet->tuple.dst, is_v6))
		packet->flags |= PACKET_TO_SERVICE_RANGE;
}

/* Ports and flags of a TCP or UDP packet; false when they are not there. */
static __always_inline bool glance_l4(const struct bytes *bytes, const __u8 *l4,
				      struct packet *packet)
{
	if ((void *)(l4 + 8) > bytes->end)
		return false;
	packet->tuple.sport = *(__be16 *)l4;
	packet->tuple.dport = *(__be16 *)(l4 + 2);
	if (packet->tuple.proto == IPPROTO_UDP)
		return true;
	if ((void *)(l4 + sizeof(struct tcphdr)) > bytes->end)
		return false;
	packet->tcp_flags = l4[13];
	return true;
}

/* Addresses of IPv4 without options, no fragment: where L4 begins, or NULL. */
static __always_inline const __u8 *glance_v4(const struct bytes *bytes,
					     struct packet *packet)
{
	const struct iphdr *ip = bytes->data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > bytes->end || *(__u8 *)ip != 0x45 ||
	    ip->frag_off & bpf_htons(0x3fff))
		return NULL;
	address_set_v4(&packet->tuple.src, ip->saddr);
	address_set_v4(&packet->tuple.dst, ip->daddr);
	packet->tuple.proto = ip->protocol;
	return (const __u8 *)(ip + 1);
}

/* The same of IPv6 without extension headers. */
static __always_inline const __u8 *glance_v6(const struct bytes *bytes,
					     struct packet *packet)
{
	const struct ipv6hdr *ip = bytes->data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > bytes->end || ip->version != 6)
		return NULL;
	address_set_v6(&packet->tuple.src, ip->saddr.in6_u.u6_addr32);
	address_set_v6(&packet->tuple.dst, ip->daddr.in6_u.u6_addr32);
	packet->tuple.proto = ip->nexthdr;
	return (const __u8 *)(ip + 1);
}

/* Where L4 of a TCP or UDP packet of common shape begins, or NULL. */
static __always_inline const __u8 *glance_l3(const struct bytes *bytes,
					     struct packet *packet, bool is_v6)
{
	const __u8 *l4 =
		is_v6 ? glance_v6(bytes, packet) : glance_v4(bytes, packet);

	return packet->tuple.proto == IPPROTO_TCP ||
			       packet->tuple.proto == IPPROTO_UDP ?
		       l4 :
		       NULL;
}

/*
 * The questions, of a packet of this family; ports only when the address is
 * one of ours. The headers are read again for the second half, which is
 * cheaper than to keep them, and spares stack.
 */
static __always_inline __u32 glance_in(const struct bytes *bytes,
				       struct control *words, __u32 hook,
				       bool is_v6)
{
	struct packet packet = {}, again = {};
	const __u8 *l4 = glance_l3(bytes, &packet, is_v6);

	if (!l4)
		return GLANCE_UNSURE;
	if (filter_maybe_address(&packet.tuple.dst)) {
		if (!glance_l4(bytes, l4, &packet))
			return GLANCE_UNSURE;
		glance_frontends(&packet);
	}
	glance_range(&packet, words, is_v6);
	if (packet.flags & PACKET_TO_FRONTEND || !glance_further(words, hook))
		return packet.flags;
	COMPILER_BARRIER();
	l4 = glance_l3(bytes, &again, is_v6);
	if (!l4 || !glance_l4(bytes, l4, &again))
		return GLANCE_UNSURE;
	glance_backends(&again, words, hook);
	return packet.flags | again.flags;
}

/*
 * What the packet can be to us: enum packet_flag, 0: nothing, or
 * GLANCE_UNSURE. One that was forwarded begins no flow at egress: where no
 * entry acts, it is not even looked at.
 */
static __always_inline __u32 glance(struct __sk_buff *skb, __u32 hook)
{
	struct control *words = control_get();
	struct bytes bytes = packet_bytes(skb);
	const __be16 *type = bytes.data + offsetof(struct ethhdr, h_proto);
	bool is_v6;

	if (!words)
		return 0;
	if (hook == HOOK_EGRESS && skb->ingress_ifindex &&
	    !glance_flows(words, FLOW_FORWARD, HOOK_EGRESS) &&
	    !glance_flows(words, FLOW_REPLY, HOOK_EGRESS))
		return 0;
	if ((void *)(type + 1) > bytes.end || *type != skb->protocol ||
	    *(__u8 *)bytes.data == 0x45)
		return GLANCE_UNSURE;
	is_v6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	if (!is_v6 && skb->protocol != bpf_htons(ETH_P_IP))
		return GLANCE_UNSURE;
	return is_v6 ? glance_in(&bytes, words, hook, true) :
		       glance_in(&bytes, words, hook, false);
}

/*
 * Fills packet for one that glance() was sure of, so that its shape is not
 * looked at again: Ethernet, then what glance_l3() and glance_l4() take. seen:
 * what glance() answered.
 */
static __always_inline bool glance_parse(struct __sk_buff *skb,
					 struct packet *packet, __u32 seen)
{
	struct bytes bytes = packet_bytes(skb);
	bool is_v6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	const struct ipv6hdr *ip6 = bytes.data + sizeof(struct ethhdr);
	const struct iphdr *ip = bytes.data + sizeof(struct ethhdr);
	const __u8 *l4;

	__builtin_memset(packet, 0, sizeof(*packet));
	l4 = glance_l3(&bytes, packet, is_v6);
	if (!l4 || !glance_l4(&bytes, l4, packet))
		return false;
	packet->flags = seen;
	packet->l3 = sizeof(struct ethhdr);
	packet->l4_size = 8;
	if (packet->tuple.proto == IPPROTO_TCP)
		packet->l4_size = (l4[12] >> 4) * 4;
	if (is_v6) {
		packet->is_v6 = 1;
		packet->ttl = ip6->hop_limit;
		packet->l4 = packet->l3 + sizeof(*ip6);
	} else {
		packet->ttl = ip->ttl;
		packet->ip_check = ip->check;
		packet->l4 = packet->l3 + sizeof(*ip);
	}
	return true;
}

#endif /* SLUICE_GLANCE_H */
