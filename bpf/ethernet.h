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

/* Writes the destination MAC, and the source MAC unless smac is NULL. By a
 * helper, for the reason given in nat.h. */
static __always_inline bool ethernet_write(struct __sk_buff *skb,
					   const __u8 *dmac, const __u8 *smac)
{
	__u8 macs[2 * ETH_ALEN];

	mac_copy(macs, dmac);
	if (!smac)
		return !bpf_skb_store_bytes(skb, 0, macs, ETH_ALEN, 0);
	mac_copy(macs + ETH_ALEN, smac);
	return !bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), 0);
}

/* Turns the packet round on its link. */
static __always_inline bool ethernet_swap(struct __sk_buff *skb)
{
	struct ethhdr *eth = ethernet_header(skb);
	__u8 dmac[ETH_ALEN], smac[ETH_ALEN];

	if (!eth)
		return false;
	mac_copy(dmac, eth->h_source);
	mac_copy(smac, eth->h_dest);
	return ethernet_write(skb, dmac, smac);
}

#endif /* SLUICE_ETHERNET_H */
