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

static __always_inline bool nat_write_v4(const struct bytes *bytes,
					 const struct packet *packet,
					 const struct flow *flow, bool hop)
{
	struct iphdr *ip = bytes->data + (packet->l3 & 0x1f);
	__u64 change = 0;

	if ((void *)(ip + 1) > bytes->end)
		return false;
	change = csum_change(change, ip->saddr, flow->src.word[3]);
	change = csum_change(change, ip->daddr, flow->dst.word[3]);
	ip->saddr = flow->src.word[3];
	ip->daddr = flow->dst.word[3];
	if (hop) {
		change = csum_change(change, bpf_htons(ip->ttl << 8),
				     bpf_htons((ip->ttl - 1) << 8));
		ip->ttl--;
	}
	ip->check = csum_apply(ip->check, change);
	return true;
}

static __always_inline bool nat_write_v6(const struct bytes *bytes,
					 const struct packet *packet,
					 const struct flow *flow, bool hop)
{
	struct ipv6hdr *ip = bytes->data + (packet->l3 & 0x1f);

	if ((void *)(ip + 1) > bytes->end)
		return false;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		ip->saddr.in6_u.u6_addr32[i] = flow->src.word[i];
		ip->daddr.in6_u.u6_addr32[i] = flow->dst.word[i];
	}
	if (hop)
		ip->hop_limit--;
	return true;
}

static __always_inline bool nat_write_ports(const struct bytes *bytes,
					    const struct packet *packet,
					    const struct flow *flow)
{
	__be16 *ports = bytes->data + (packet->l4 & 0xff);

	if ((void *)(ports + 2) > bytes->end)
		return false;
	ports[0] = flow->sport;
	ports[1] = flow->dport;
	return true;
}

/*
 * Translates the packet; hop: it also passes a router here, so its TTL goes
 * down by one (the caller checked that it is above 1). False when the kernel
 * refused a write.
 */
static __always_inline bool nat_apply(struct __sk_buff *skb,
				      const struct packet *packet,
				      const struct flow *flow, bool hop)
{
	bool has_l4 = !(packet->flags & PACKET_LATER_FRAGMENT);
	struct bytes bytes;

	if (has_l4 && nat_l4_checksum(skb, packet, flow))
		return false;
	if (packet->is_v6 && hop)
		bpf_csum_update(skb, csum_fold64(csum_change(
					     0, bpf_htons(packet->ttl),
					     bpf_htons(packet->ttl - 1))));
	bytes = packet_bytes(skb);
	if (packet->is_v6 ? !nat_write_v6(&bytes, packet, flow, hop) :
			    !nat_write_v4(&bytes, packet, flow, hop))
		return false;
	return !has_l4 || nat_write_ports(&bytes, packet, flow);
}

#endif /* SLUICE_NAT_H */
