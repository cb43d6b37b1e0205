/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* ICMP errors about translated packets, both ways. */
#ifndef SLUICE_ICMP_H
#define SLUICE_ICMP_H

#include <linux/bpf.h>

#include "context.h"
#include "csum.h"
#include "filter.h"
#include "flow.h"
#include "forward.h"
#include "nat.h"
#include "packet.h"
#include "parse.h"
#include "verdict.h"

/* The quoted packet: its tuple, and where its parts are in the skb. */
struct quoted {
	struct flow_key tuple;
	__u32 ip;
	__u32 l4;
	__u32 l4_length; /* when it was sent: less of it is quoted */
};

static __always_inline bool icmp_quote_v4(struct __sk_buff *skb,
					  struct quoted *quoted)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, quoted->ip, &ip, sizeof(ip)) ||
	    ip.version != 4 || ip.ihl < 5 || ip.frag_off & bpf_htons(0x1fff))
		return false;
	address_set_v4(&quoted->tuple.src, ip.saddr);
	address_set_v4(&quoted->tuple.dst, ip.daddr);
	quoted->tuple.proto = ip.protocol;
	quoted->l4 = quoted->ip + ip.ihl * 4;
	quoted->l4_length = bpf_ntohs(ip.tot_len) - ip.ihl * 4;
	return true;
}

/* Walks the extension headers of the quoted packet, s->quoted, from the one of
 * this type; see parse_v6_extensions(). Global, so that it is verified once. */
__noinline int icmp_skip_extensions(struct __sk_buff *skb, __u32 type)
{
	struct scratch *s = scratch_get();

	return s ? parse_v6_extensions(skb, &s->quoted, type) : -1;
}

static __always_inline bool
icmp_quote_v6(struct __sk_buff *skb, struct scratch *s, struct quoted *quoted)
{
	struct packet *inner = &s->quoted;
	struct ipv6hdr ip;
	int proto;

	if (bpf_skb_load_bytes(skb, quoted->ip, &ip, sizeof(ip)) ||
	    ip.version != 6)
		return false;
	address_set_v6(&quoted->tuple.src, ip.saddr.in6_u.u6_addr32);
	address_set_v6(&quoted->tuple.dst, ip.daddr.in6_u.u6_addr32);
	proto = ip.nexthdr;
	inner->l4 = quoted->ip + sizeof(ip);
	inner->flags = 0;
	if (!proto_is_ours(proto, IPPROTO_TCP))
		proto = icmp_skip_extensions(skb, proto);
	if (proto < 0 || inner->flags & PACKET_LATER_FRAGMENT)
		return false;
	quoted->tuple.proto = proto;
	quoted->l4 = inner->l4;
	quoted->l4_length = bpf_ntohs(ip.payload_len) + sizeof(ip) -
			    (quoted->l4 - quoted->ip);
	return true;
}

/* Reads the quote; false when it is no packet with ports. */
static __always_inline bool icmp_quote(struct __sk_buff *skb, struct scratch *s,
				       struct quoted *quoted)
{
	const struct packet *packet = &s->packet;
	__be16 ports[2];

	quoted->ip = packet->l4 + 8;
	if (packet->is_v6 ? !icmp_quote_v6(skb, s, quoted) :
			    !icmp_quote_v4(skb, quoted))
		return false;
	if (!proto_is_ours(quoted->tuple.proto, IPPROTO_TCP) ||
	    bpf_skb_load_bytes(skb, quoted->l4, ports, sizeof(ports)))
		return false;
	quoted->tuple.sport = ports[0];
	quoted->tuple.dport = ports[1];
	return true;
}

/*
 * The flow the error is about. The reverse of the quoted tuple is the key of
 * the packets that go where the error goes: a reply key when a packet of ours
 * towards a backend was refused, a forward key when a reply was.
 */
static __always_inline struct flow *icmp_flow(const struct quoted *quoted,
					      struct flow_key *key)
{
	struct flow *flow = NULL;

	key->src = quoted->tuple.dst;
	key->dst = quoted->tuple.src;
	key->sport = quoted->tuple.dport;
	key->dport = quoted->tuple.sport;
	key->proto = quoted->tuple.proto;
	key->pad[0] = 0;
	key->pad[1] = 0;
	if (filter_maybe(&key->src, key->sport, key->proto, FILTER_BACKEND)) {
		key->direction = FLOW_REPLY;
		flow = flow_find(key);
	}
	if (!flow &&
	    (filter_maybe(&key->dst, key->dport, key->proto, FILTER_FRONTEND) ||
	     filter_maybe(&key->dst, key->dport, key->proto,
			  FILTER_TOMBSTONE))) {
		key->direction = FLOW_FORWARD;
		flow = flow_find(key);
	}
	return flow;
}

/* Writes 2 bytes inside the quote; returns the sum grown by the change. */
static __always_inline __u64 icmp_set16(struct __sk_buff *skb, __u32 offset,
					__u16 value, __u64 sum)
{
	__u16 old;

	if (bpf_skb_load_bytes(skb, offset, &old, sizeof(old)))
		return sum;
	bpf_skb_store_bytes(skb, offset, &value, sizeof(value), 0);
	return csum_change(sum, old, value);
}

/* Corrects a 2-byte checksum inside the quote, unless it is cut off or 0. */
static __always_inline __u64 icmp_fix16(struct __sk_buff *skb, __u32 offset,
					__u64 change, __u64 sum)
{
	__u16 old;

	if (bpf_skb_load_bytes(skb, offset, &old, sizeof(old)) || !old)
		return sum;
	return icmp_set16(skb, offset, csum_apply(old, change), sum);
}

/* Corrects the checksum of a quoted SCTP packet in the same way; an address
 * alone changes nothing in it. */
static __always_inline __u64 icmp_fix_sctp(struct __sk_buff *skb,
					   const struct quoted *quoted,
					   const struct flow *flow, __u64 sum)
{
	const struct flow_key *tuple = &quoted->tuple;
	__u32 offset = quoted->l4 + SCTP_CHECK;
	__be32 old, check, ports;

	ports = sctp_ports_change(tuple->sport, tuple->dport, flow->dport,
				  flow->sport);
	if (!ports || bpf_skb_load_bytes(skb, offset, &old, sizeof(old)) ||
	    !old)
		return sum;
	check = old ^ crc32c_change(ports, quoted->l4_length);
	bpf_skb_store_bytes(skb, offset, &check, sizeof(check), 0);
	return csum_change(sum, old, check);
}

/*
 * Makes the quote what its sender sent: the reverse of the flow's tuple.
 * Returns the change of the bytes that the ICMP checksum covers.
 */
static __always_inline __u64 icmp_rewrite_quote(struct __sk_buff *skb,
						const struct packet *packet,
						const struct quoted *quoted,
						const struct flow *flow)
{
	const struct flow_key *old = &quoted->tuple;
	bool is_tcp = old->proto == IPPROTO_TCP;
	__u64 addresses = 0, change;

	addresses = csum_change_address(addresses, &old->src, &flow->dst);
	addresses = csum_change_address(addresses, &old->dst, &flow->src);
	change = addresses;
	if (packet->is_v6) {
		bpf_skb_store_bytes(skb, quoted->ip + 8, &flow->dst, 16, 0);
		bpf_skb_store_bytes(skb, quoted->ip + 24, &flow->src, 16, 0);
	} else {
		bpf_skb_store_bytes(skb, quoted->ip + 12, &flow->dst.word[3], 4,
				    0);
		bpf_skb_store_bytes(skb, quoted->ip + 16, &flow->src.word[3], 4,
				    0);
		change = icmp_fix16(skb, quoted->ip + 10, addresses, change);
	}
	change = icmp_set16(skb, quoted->l4, flow->dport, change);
	change = icmp_set16(skb, quoted->l4 + 2, flow->sport, change);
	if (old->proto == IPPROTO_SCTP)
		return icmp_fix_sctp(skb, quoted, flow, change);
	addresses = csum_change(addresses, old->sport, flow->dport);
	addresses = csum_change(addresses, old->dport, flow->sport);
	return icmp_fix16(skb, quoted->l4 + (is_tcp ? 16 : 6), addresses,
			  change);
}

/* Rewrites the outer header: to whom the flow's packets go, and from the
 * flow's address when the flow's own peer sent the error. */
static __always_inline bool icmp_rewrite_outer(struct __sk_buff *skb,
					       struct scratch *s,
					       const struct flow *flow,
					       __u64 change)
{
	const struct packet *packet = &s->packet;
	const struct flow_key *old = &packet->tuple;
	__u32 check = packet->l4 + 2;
	struct nat_write write = { .hop = forward_is_hop(flow) };

	s->forward.dst = flow->dst;
	s->forward.src = old->src;
	if (address_equal(&s->twin_key.src, &old->src))
		s->forward.src = flow->src;
	if (bpf_l4_csum_replace(skb, check, 0, csum_fold64(change), 0))
		return false;
	nat_change(s, &s->forward.src, &s->forward.dst);
	if (packet->is_v6 && csum_replace_pseudo(skb, check, s->change, 0))
		return false;
	return nat_write(skb, s, &s->forward, &write);
}

/*
 * Translates the ICMP error in s->packet when it is about one of our flows,
 * and sends it the way of the flow's packets. VERDICT_PASS: it is not.
 */
__noinline int icmp_translate(struct __sk_buff *skb, __u32 hook)
{
	struct scratch *s = scratch_get();
	struct quoted quoted = {};
	struct flow *flow;
	__u64 change;
	__u8 type;

	if (!s || !icmp_quote(skb, s, &quoted))
		return VERDICT_PASS;
	flow = icmp_flow(&quoted, &s->twin_key);
	if (!flow || flow->hook != hook ||
	    bpf_skb_load_bytes(skb, s->packet.l4, &type, sizeof(type)))
		return VERDICT_PASS;
	if (!s->packet.is_v6 && type == ICMP_REDIRECTED)
		return verdict_drop(DROP_ICMP_REDIRECT);
	if (forward_is_hop(flow) && s->packet.ttl <= 1)
		return verdict_drop(DROP_TTL);
	if (flow->mtu == FLOW_MTU_LOST && !route_again(skb, 1))
		return verdict_drop(DROP_FIB);
	change = icmp_rewrite_quote(skb, &s->packet, &quoted, flow);
	if (!icmp_rewrite_outer(skb, s, flow, change))
		return verdict_drop(DROP_REWRITE);
	s->packet.tuple.direction = s->twin_key.direction;
	return forward_send(skb, s, flow);
}

#endif /* SLUICE_ICMP_H */
