/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Writing a flow's tuple into a packet, every checksum kept right. */
#ifndef SLUICE_NAT_H
#define SLUICE_NAT_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <stdbool.h>

#include "address.h"
#include "context.h"
#include "csum.h"
#include "flow.h"
#include "packet.h"
#include "parse.h"
#include "sctp.h"

/* What to write besides the addresses. */
struct nat_write {
	bool hop; /* TTL one less: the packet passes a router here */
	bool ports;
};

/* Offset of the L4 checksum from skb->data. */
static __always_inline __u32 nat_check_offset(const struct packet *packet)
{
	return packet->l4 + (packet->tuple.proto == IPPROTO_TCP ? 16 : 6);
}

/* Sets s->change: what changes in sums when these addresses take the place of
 * the packet's. */
static __always_inline void nat_change(struct scratch *s,
				       const struct ip_addr *src,
				       const struct ip_addr *dst)
{
	const struct flow_key *old = &s->packet.tuple;
	__u64 change = 0;

	if (s->packet.is_v6) {
		change = csum_change_address(change, &old->src, src);
		change = csum_change_address(change, &old->dst, dst);
	} else {
		change = csum_change(change, old->src.word[3], src->word[3]);
		change = csum_change(change, old->dst.word[3], dst->word[3]);
	}
	s->change = csum_fold64(change);
}

/* Reads the L4 checksum at offset; false when it is not in the linear part.
 * The mask, above PACKET_L4_MAX and a TCP header, tells Linux 6.1 the bounds. */
static __always_inline bool nat_read_check(struct __sk_buff *skb, __u32 offset,
					   __u16 *check)
{
	struct bytes bytes = packet_bytes(skb);
	const __u16 *at;

	at = bytes.data + (offset & 0x1ff);
	if ((void *)(at + 1) > bytes.end)
		return false;
	*check = *at;
	return true;
}

/*
 * True when the L4 checksum does not cover ports, since the device that sends
 * the packet is yet to sum up what follows the pseudo header: CHECKSUM_PARTIAL,
 * which struct __sk_buff does not tell, but what the helper has made of the
 * field does. To such a sum it adds the change of addresses, to any other's
 * complement: modulo 65535 the results differ by twice the change. False also
 * when that is nothing.
 */
static __always_inline bool nat_is_partial(struct __sk_buff *skb, __u32 offset,
					   __u16 before, __u32 change)
{
	__u32 added = csum_fold(change);
	__u16 after;

	if (added == 0 || added == 0xffff ||
	    !nat_read_check(skb, offset, &after))
		return false;
	return csum_fold(added + before + (__u16)~after) == 0xffff;
}

/* Bytes of the packet from its L4 header on, by its IP header: a frame may be
 * longer. 0: it cannot be read. */
static __always_inline __u32 nat_l4_length(struct __sk_buff *skb,
					   const struct packet *packet)
{
	__u32 header = packet->l4 - packet->l3;
	__be16 length;

	if (bpf_skb_load_bytes(skb, packet->l3 + (packet->is_v6 ? 4 : 2),
			       &length, sizeof(length)))
		return 0;
	return bpf_ntohs(length) +
	       (packet->is_v6 ? sizeof(struct ipv6hdr) : 0) - header;
}

/*
 * Makes SCTP's checksum fit the ports that are about to be written; it knows no
 * addresses. It makes up for nothing in skb->csum, which therefore has to be
 * told of all changes but those that the header checksum of IPv4 makes up for.
 */
static __noinline long nat_sctp_checksum(struct __sk_buff *skb,
					 const struct scratch *s,
					 const struct flow *flow)
{
	const struct packet *packet;
	__be32 check, ports;

	if (!skb || !s || !flow)
		return -1;
	packet = &s->packet;
	ports = sctp_ports_change(packet->tuple.sport, packet->tuple.dport,
				  flow->sport, flow->dport);
	if (packet->is_v6)
		bpf_csum_update(skb, s->change);
	if (!ports)
		return 0;
	bpf_csum_update(
		skb, csum_fold64(csum_change(
			     csum_change(0, packet->tuple.sport, flow->sport),
			     packet->tuple.dport, flow->dport)));
	if (bpf_skb_load_bytes(skb, packet->l4 + SCTP_CHECK, &check,
			       sizeof(check)))
		return -1;
	if (!check)
		return 0;
	check ^= crc32c_change(ports, nat_l4_length(skb, packet));
	return bpf_skb_store_bytes(skb, packet->l4 + SCTP_CHECK, &check,
				   sizeof(check), BPF_F_RECOMPUTE_CSUM);
}

/* Makes the L4 checksum fit the tuple that is about to be written. */
static __always_inline long nat_l4_checksum(struct __sk_buff *skb,
					    const struct scratch *s,
					    const struct flow *flow)
{
	const struct packet *packet = &s->packet;
	const struct flow_key *old = &packet->tuple;
	__u64 flags = old->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 offset = nat_check_offset(packet);
	__u64 ports = 0;
	__u16 before = 0;
	bool is_known;
	long err;

	if (old->proto == IPPROTO_SCTP)
		return nat_sctp_checksum(skb, s, flow);
	if (old->sport == flow->sport && old->dport == flow->dport)
		return csum_replace_pseudo(skb, offset, s->change, flags);
	is_known = nat_read_check(skb, offset, &before);
	err = csum_replace_pseudo(skb, offset, s->change, flags);
	if (is_known && nat_is_partial(skb, offset, before, s->change))
		return err;
	ports = csum_change(ports, old->sport, flow->sport);
	ports = csum_change(ports, old->dport, flow->dport);
	return err   ?:
		       bpf_l4_csum_replace(skb, offset, 0, csum_fold64(ports),
					   flags);
}

/*
 * Headers are made in scratch, since the longest call chain has no stack to
 * spare (512 bytes up to Linux 6.1), and written by a helper, not through
 * packet pointers: the kernel would else copy every cloned packet, as all TCP
 * segments with data are, before it runs the program, also for packets that
 * are then only looked at.
 */
enum nat_part {
	NAT_PART_V4 = 8, /* where they begin in the IP header */
	NAT_PART_V6 = 7,
	NAT_PORTS = 4, /* their last bytes, where L4 follows the header */
};

static __always_inline bool nat_write_ports(struct __sk_buff *skb,
					    const struct packet *packet,
					    const struct flow *flow)
{
	__be16 ports[2] = { flow->sport, flow->dport };

	return !bpf_skb_store_bytes(skb, packet->l4, ports, sizeof(ports), 0);
}

/*
 * True when nat_apply() also gives the packet the MACs of its flow: those of an
 * IPv4 header are adjacent to it, so that one store writes both.
 */
static __always_inline bool nat_writes_macs(const struct packet *packet,
					    const struct flow *flow)
{
	return flow->way == WAY_PEER && !packet->is_v6 &&
	       packet->l3 == ETH_HLEN &&
	       packet->l4 == packet->l3 + sizeof(struct iphdr) &&
	       !(packet->flags & (PACKET_LATER_FRAGMENT | PACKET_ICMP_ERROR));
}

/* From the MACs to the ports. What is between them stays as it is. */
static __always_inline bool nat_write_frame(struct __sk_buff *skb,
					    struct nat_part_v4 *part,
					    const struct flow *flow)
{
	struct bytes bytes = packet_bytes(skb);
	const struct ethhdr *eth = bytes.data;
	const __be32 *ip = (const __be32 *)(eth + 1);

	if ((void *)(ip + 2) > bytes.end)
		return false;
	__builtin_memcpy(part->dmac, flow->dmac, ETH_ALEN);
	__builtin_memcpy(part->smac, flow->smac, ETH_ALEN);
	part->type = eth->h_proto;
	part->begin[0] = ip[0];
	part->begin[1] = ip[1];
	return !bpf_skb_store_bytes(skb, 0, part->dmac,
				    sizeof(*part) - sizeof(part->pad), 0);
}

/* Writes the IPv4 header, and the ports when the caller wants it. */
static __always_inline bool nat_write_v4(struct __sk_buff *skb,
					 struct scratch *s,
					 const struct flow *flow,
					 const struct nat_write *write)
{
	const struct packet *packet = &s->packet;
	__u64 change = s->change;
	struct nat_part_v4 *part = &s->part_v4;
	__u32 size = sizeof(*part) - offsetof(struct nat_part_v4, ttl);

	part->ttl = packet->ttl - write->hop;
	part->proto = packet->tuple.proto;
	part->src = flow->src.word[3];
	part->dst = flow->dst.word[3];
	part->ports[0] = flow->sport;
	part->ports[1] = flow->dport;
	if (write->hop)
		change = csum_change(change, bpf_htons(packet->ttl << 8),
				     bpf_htons(part->ttl << 8));
	part->check = csum_apply(packet->ip_check, change);
	if (nat_writes_macs(packet, flow))
		return nat_write_frame(skb, part, flow);
	if (write->ports && packet->l4 == packet->l3 + sizeof(struct iphdr))
		return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V4,
					    &part->ttl, size, 0);
	return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V4, &part->ttl,
				    size - NAT_PORTS, 0) &&
	       (!write->ports || nat_write_ports(skb, packet, flow));
}

/* The same for IPv6, whose addresses and ports are in a flow as they are in a
 * packet without extension headers. */
static __always_inline bool nat_write_v6(struct __sk_buff *skb,
					 struct scratch *s,
					 const struct flow *flow,
					 const struct nat_write *write)
{
	const struct packet *packet = &s->packet;
	struct nat_part_v6 *part = &s->part_v6;
	__u32 size = sizeof(*part) - sizeof(part->pad);

	_Static_assert(offsetof(struct flow, dport) ==
			       offsetof(struct flow, src) + 34,
		       "addresses and ports of a flow are adjacent");
	if (!write->hop && write->ports &&
	    packet->l4 == packet->l3 + sizeof(struct ipv6hdr))
		return !bpf_skb_store_bytes(skb, packet->l3 + 8, &flow->src, 36,
					    0);
	part->hop_limit = packet->ttl - write->hop;
	if (write->hop)
		bpf_csum_update(skb, csum_fold64(csum_change(
					     0, bpf_htons(packet->ttl),
					     bpf_htons(packet->ttl - 1))));
	part->ports[0] = flow->sport;
	part->ports[1] = flow->dport;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		part->src[i] = flow->src.word[i];
		part->dst[i] = flow->dst.word[i];
	}
	if (write->ports && packet->l4 == packet->l3 + sizeof(struct ipv6hdr))
		return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V6,
					    &part->hop_limit, size, 0);
	return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V6,
				    &part->hop_limit, size - NAT_PORTS, 0) &&
	       (!write->ports || nat_write_ports(skb, packet, flow));
}

static __always_inline bool nat_write(struct __sk_buff *skb, struct scratch *s,
				      const struct flow *flow,
				      const struct nat_write *write)
{
	return s->packet.is_v6 ? nat_write_v6(skb, s, flow, write) :
				 nat_write_v4(skb, s, flow, write);
}

/*
 * Translates the packet; hop: it also passes a router here, so its TTL goes
 * down by one (the caller checked that it is above 1). False when the kernel
 * refused a write. Not inlined: the longest call chain has no stack to spare.
 */
static __noinline bool nat_apply(struct __sk_buff *skb, struct scratch *s,
				 const struct flow *flow, bool hop)
{
	const struct packet *packet;
	struct nat_write write = {
		.hop = hop,
	};

	if (!skb || !s || !flow)
		return false;
	packet = &s->packet;
	write.ports = !(packet->flags & PACKET_LATER_FRAGMENT);
	nat_change(s, &flow->src, &flow->dst);
	if (write.ports && nat_l4_checksum(skb, s, flow))
		return false;
	/* No checksum in the packet makes up for the addresses. */
	if (packet->is_v6 && !write.ports)
		bpf_csum_update(skb, s->change);
	return nat_write(skb, s, flow, &write);
}

#endif /* SLUICE_NAT_H */
