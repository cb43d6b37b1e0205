/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Internet checksum arithmetic (RFC 1071, RFC 1624). */
#ifndef SLUICE_CSUM_H
#define SLUICE_CSUM_H

#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "config.h"
#include "types.h"

/* 64 bits of sum to 32 bits that mean the same. */
static __always_inline __u32 csum_fold64(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__u32)sum + (__u32)(sum >> 32);
}

/* To the 16 bits of sum, not complemented. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	__u32 half = csum_fold64(sum);

	half = (half & 0xffff) + (half >> 16);
	return (half & 0xffff) + (half >> 16);
}

/* Adds to sum what changes when from becomes to. */
static __always_inline __u64 csum_change(__u64 sum, __u32 from, __u32 to)
{
	return sum + to + (__u32)~from;
}

/* The same for a whole address. */
static __always_inline __u64 csum_change_address(__u64 sum,
						 const struct ip_addr *from,
						 const struct ip_addr *to)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum = csum_change(sum, from->word[i], to->word[i]);
	return sum;
}

/* A header checksum after a change of the header. */
static __always_inline __u16 csum_apply(__u16 check, __u64 change)
{
	return ~csum_fold((__u64)(__u16)~check + change);
}

/*
 * Applies a change of the pseudo header to the L4 checksum at offset. Of an
 * IPv6 packet on CHECKSUM_COMPLETE the helper would spoil skb->csum, because
 * no header checksum makes up for the new addresses: BPF_F_IPV6 tells it so,
 * and without that flag the difference is put back.
 */
static __always_inline long csum_replace_pseudo(struct __sk_buff *skb,
						__u32 offset, __u32 change,
						__u64 flags)
{
	bool is_v6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	long err;

	flags |= BPF_F_PSEUDO_HDR;
	if (is_v6 && have_csum_ipv6_flag)
		flags |= BPF_F_IPV6;
	err = bpf_l4_csum_replace(skb, offset, 0, change, flags);
	if (is_v6 && !have_csum_ipv6_flag)
		bpf_csum_update(skb, change);
	return err;
}

#endif /* SLUICE_CSUM_H */
