/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* ICMP echo (ping) for addresses that are a service's: no host has them. */
#ifndef SLUICE_ECHO_H
#define SLUICE_ECHO_H

#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <stddef.h>

#include "answer.h"
#include "client.h"
#include "flow_refuse.h"
#include "packet.h"
#include "parse.h"
#include "service.h"
#include "verdict.h"

enum echo_offset {
	ECHO_CHECK = 2, /* where ICMP and ICMPv6 have their checksum */
};

/* True for a source that an answer can go to (RFC 1122, 3.2.2.6). */
static __always_inline bool echo_source(const struct packet *packet)
{
	const struct ip_addr *src = &packet->tuple.src;
	__u8 first = packet->is_v6 ? *(const __u8 *)&src->word[0] :
				     *(const __u8 *)&src->word[3];

	if (packet->is_v6)
		return first != 0xff && !address_is_none(src);
	return first != 0 && first != 127 && first < 224;
}

/* The request's type and checksum become the answer's. */
static __always_inline long echo_write_icmp(struct __sk_buff *skb,
					    const struct packet *packet)
{
	__u8 was = packet->is_v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO_REQUEST;
	__u8 is = packet->is_v6 ? ICMP6_ECHO_ANSWER : ICMP_ECHO_ANSWER;
	__u32 l4 = packet->l4;
	long err;

	if (packet->flags & PACKET_LATER_FRAGMENT)
		return 0;
	err = bpf_l4_csum_replace(skb, l4 + ECHO_CHECK, bpf_htons(was << 8),
				  bpf_htons(is << 8), 2);
	return err ? err : bpf_skb_store_bytes(skb, l4, &is, sizeof(is), 0);
}

/* Addresses change places, which no checksum sees; the TTL is a sender's. */
static __always_inline long echo_write_v4(struct __sk_buff *skb,
					  const struct packet *packet)
{
	__be32 addrs[2] = { packet->tuple.dst.word[3],
			    packet->tuple.src.word[3] };
	__u32 l3 = packet->l3;
	__u8 ttl = ANSWER_TTL;
	long err;

	err = bpf_l3_csum_replace(skb, l3 + offsetof(struct iphdr, check),
				  bpf_htons(packet->ttl << 8),
				  bpf_htons(ANSWER_TTL << 8), 2);
	if (!err)
		err = bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, ttl),
					  &ttl, sizeof(ttl), 0);
	if (!err)
		err = bpf_skb_store_bytes(skb,
					  l3 + offsetof(struct iphdr, saddr),
					  addrs, sizeof(addrs), 0);
	return err;
}

static __always_inline long echo_write_v6(struct __sk_buff *skb,
					  const struct packet *packet)
{
	struct ip_addr addrs[2] = { packet->tuple.dst, packet->tuple.src };
	__u32 l3 = packet->l3;
	__u8 ttl = ANSWER_TTL;
	long err;

	/* No checksum of the header sees this: skb->csum has to be told. */
	err = bpf_skb_store_bytes(skb, l3 + offsetof(struct ipv6hdr, hop_limit),
				  &ttl, sizeof(ttl), BPF_F_RECOMPUTE_CSUM);
	return err ? err :
		     bpf_skb_store_bytes(skb,
					 l3 + offsetof(struct ipv6hdr, saddr),
					 addrs, sizeof(addrs), 0);
}

/* Sends the request back as its answer. */
static __always_inline __u32 echo_send(struct __sk_buff *skb,
				       const struct packet *packet, __u32 hook)
{
	if (echo_write_icmp(skb, packet) ||
	    (packet->is_v6 ? echo_write_v6(skb, packet) :
			     echo_write_v4(skb, packet)) ||
	    !answer_back(skb, packet, hook))
		return verdict_drop(DROP_REWRITE);
	return VERDICT_REDIRECT;
}

/*
 * What becomes of the echo request in s->packet: answered for an address whose
 * service has endpoints, refused for one whose service has none and whose other
 * ports are, dropped where it is no service's of a ServiceCIDR. No state: each
 * fragment is answered by itself.
 */
__noinline int echo_answer(struct __sk_buff *skb, __u32 hook)
{
	struct scratch *s = scratch_get();
	__u32 flags;

	if (!s || !client_may_begin(skb, s, hook) || !echo_source(&s->packet))
		return VERDICT_PASS;
	s->frontend.addr = s->packet.tuple.dst;
	s->frontend.scope = client_scope(s, hook);
	flags = service_address_flags(&s->frontend);
	if (flags & FRONTEND_ECHO)
		return echo_send(skb, &s->packet, hook);
	if (flags & FRONTEND_ADDRESS)
		return answer_send(skb, hook | ANSWER_UNREACHABLE << 1, 0,
				   DROP_NO_ENDPOINT);
	return flow_unallocated(skb, s, hook);
}

#endif /* SLUICE_ECHO_H */
