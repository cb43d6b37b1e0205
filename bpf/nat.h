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

/* Makes the L4 checksum fit the tuple that is about to be written. */
static __always_inline long nat_l4_checksum(struct __sk_buff *skb,
					    const struct packet *packet,
					    const struct flow *flow)
{
	const struct flow_key *old = &packet->tuple;
	__u64 flags = old->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 offset = nat_check_offset(packet);
	__u64 addresses = 0, ports = 0;
	long err;

	addresses = csum_change_address(addresses, &old->src, &flow->src);
	addresses = csum_change_address(addresses, &old->dst, &flow->dst);
	err = csum_replace_pseudo(skb, offset, csum_fold64(addresses), flags);
	if (old->sport == flow->sport && old->dport == flow->dport)
		return err;
	ports = csum_change(ports, old->sport, flow->sport);
	ports = csum_change(ports, old->dport, flow->dport);
	return err   ?:
		       bpf_l4_csum_replace(skb, offset, 0, csum_fold64(ports),
					   flags);
}

/*
 * Headers are made in scratch, since the longest call chain has no stack to
 * spare (512 bytes up to Linux 6.1), and written by a helper, not through packet
 * pointers: the kernel would else copy every cloned packet, as all TCP
 * segments with data are, before it runs the program, also for packets that
 * are then only looked at.
 */
enum nat_part {
	NAT_PART_V4 = 8, /* where they begin in the IP header */
	NAT_PART_V6 = 4,
	NAT_PORTS = 4, /* their last bytes, where L4 follows the header */
};

static __always_inline bool nat_write_ports(struct __sk_buff *skb,
					    const struct packet *packet,
					    const struct flow *flow)
{
	__be16 ports[2] = { flow->sport, flow->dport };

	return !bpf_skb_store_bytes(skb, packet->l4, ports, sizeof(ports), 0);
}

/* Writes the IPv4 header, and the ports when the caller wants it. */
static __always_inline bool nat_write_v4(struct __sk_buff *skb,
					 struct scratch *s,
					 const struct flow *flow,
					 const struct nat_write *write)
{
	const struct packet *packet = &s->packet;
	struct bytes bytes = packet_bytes(skb);
	const struct iphdr *ip = bytes.data + (packet->l3 & 0x1f);
	struct nat_part_v4 *part = &s->part_v4;
	__u64 change = 0;

	if ((void *)(ip + 1) > bytes.end)
		return false;
	part->ttl = ip->ttl - write->hop;
	part->proto = ip->protocol;
	part->src = flow->src.word[3];
	part->dst = flow->dst.word[3];
	part->ports[0] = flow->sport;
	part->ports[1] = flow->dport;
	change = csum_change(change, ip->saddr, part->src);
	change = csum_change(change, ip->daddr, part->dst);
	change = csum_change(change, bpf_htons(ip->ttl << 8),
			     bpf_htons(part->ttl << 8));
	part->check = csum_apply(ip->check, change);
	if (write->ports && packet->l4 == packet->l3 + sizeof(*ip))
		return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V4, part,
					    sizeof(*part), 0);
	return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V4, part,
				    sizeof(*part) - NAT_PORTS, 0) &&
	       (!write->ports || nat_write_ports(skb, packet, flow));
}

/* The same for IPv6. */
static __always_inline bool nat_write_v6(struct __sk_buff *skb,
					 struct scratch *s,
					 const struct flow *flow,
					 const struct nat_write *write)
{
	const struct packet *packet = &s->packet;
	struct bytes bytes = packet_bytes(skb);
	const struct ipv6hdr *ip = bytes.data + (packet->l3 & 0x1f);
	struct nat_part_v6 *part = &s->part_v6;

	if ((void *)(ip + 1) > bytes.end)
		return false;
	part->payload_len = ip->payload_len;
	part->next = ip->nexthdr;
	part->hop_limit = ip->hop_limit - write->hop;
	part->ports[0] = flow->sport;
	part->ports[1] = flow->dport;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		part->src[i] = flow->src.word[i];
		part->dst[i] = flow->dst.word[i];
	}
	if (write->ports && packet->l4 == packet->l3 + sizeof(*ip))
		return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V6, part,
					    sizeof(*part), 0);
	return !bpf_skb_store_bytes(skb, packet->l3 + NAT_PART_V6, part,
				    sizeof(*part) - NAT_PORTS, 0) &&
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
 * refused a write.
 */
static __always_inline bool nat_apply(struct __sk_buff *skb, struct scratch *s,
				      const struct flow *flow, bool hop)
{
	const struct packet *packet = &s->packet;
	struct nat_write write = {
		.hop = hop,
		.ports = !(packet->flags & PACKET_LATER_FRAGMENT),
	};

	if (write.ports && nat_l4_checksum(skb, packet, flow))
		return false;
	if (packet->is_v6 && hop)
		bpf_csum_update(skb, csum_fold64(csum_change(
					     0, bpf_htons(packet->ttl),
					     bpf_htons(packet->ttl - 1))));
	return nat_write(skb, s, flow, &write);
}

#endif /* SLUICE_NAT_H */
