/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The Ethernet header of packets that leave by another way than they would. */
#ifndef SLUICE_ETHERNET_H
#define SLUICE_ETHERNET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_helpers.h>

#include <stdbool.h>

#include "context.h"

static __always_inline void mac_copy(__u8 *to, const __u8 *from)
{
	__builtin_memcpy(to, from, ETH_ALEN);
}

static __always_inline struct ethhdr *ethernet_header(struct __sk_buff *skb)
{
	struct bytes bytes = packet_bytes(skb);
	struct ethhdr *eth = bytes.data;

	return (void *)(eth + 1) > bytes.end ? NULL : eth;
}

/* Writes the destination MAC. By a helper, for the reason given in nat.h. */
static __always_inline bool ethernet_write_dmac(struct __sk_buff *skb,
						const __u8 *dmac)
{
	return !bpf_skb_store_bytes(skb, 0, dmac, ETH_ALEN, 0);
}

/* Writes both MACs: the destination's and behind it the source's. */
static __always_inline bool ethernet_write(struct __sk_buff *skb,
					   const __u8 *macs)
{
	return !bpf_skb_store_bytes(skb, 0, macs, 2 * ETH_ALEN, 0);
}

/* Both MACs of a flow, as they are in it and go into the packet. */
static __always_inline bool ethernet_write_flow(struct __sk_buff *skb,
						const struct flow *flow)
{
	_Static_assert(offsetof(struct flow, smac) ==
			       offsetof(struct flow, dmac) + ETH_ALEN,
		       "the MACs of a flow are adjacent");
	return ethernet_write(skb,
			      (const __u8 *)flow + offsetof(struct flow, dmac));
}

/* Puts an Ethernet header in front of an IP packet, without MACs yet. */
static __always_inline bool ethernet_add(struct __sk_buff *skb)
{
	__be16 proto = skb->protocol;

	return !bpf_skb_change_head(skb, ETH_HLEN, 0) &&
	       !bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto),
				    &proto, sizeof(proto), 0);
}

/* Turns the packet round on its link. */
static __always_inline bool ethernet_swap(struct __sk_buff *skb)
{
	struct ethhdr *eth = ethernet_header(skb);
	__u8 macs[2 * ETH_ALEN];

	if (!eth)
		return false;
	mac_copy(macs, eth->h_source);
	mac_copy(macs + ETH_ALEN, eth->h_dest);
	return ethernet_write(skb, macs);
}

#endif /* SLUICE_ETHERNET_H */
