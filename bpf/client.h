/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Who sends a packet, as far as Services tell clients apart. */
#ifndef SLUICE_CLIENT_H
#define SLUICE_CLIENT_H

#include <linux/in.h>

#include <bpf/bpf_endian.h>

#include <stdbool.h>

#include "address.h"
#include "packet.h"

enum client_limit {
	CLIENT_ADDRESS_BITS = 128,
	CLIENT_RANGE_BITS = 32 + CLIENT_ADDRESS_BITS, /* with the service id */
};

/* True for 127/8 and ::1. */
static __always_inline bool client_is_loopback(const struct ip_addr *addr)
{
	if (addr->word[2] == bpf_htonl(0xffff) && !addr->word[1] &&
	    !addr->word[0])
		return (addr->word[3] & bpf_htonl(0xff000000)) ==
		       bpf_htonl(0x7f000000);
	return !addr->word[0] && !addr->word[1] && !addr->word[2] &&
	       addr->word[3] == bpf_htonl(1);
}

/* True when a trie of struct source_key holds the address. */
static __always_inline bool client_prefix_holds(void *trie, struct scratch *s,
						const struct ip_addr *addr)
{
	s->source.prefixlen = CLIENT_ADDRESS_BITS;
	s->source.addr = *addr;
	return bpf_map_lookup_elem(trie, &s->source);
}

/* True when the packet's source is a pod of this cluster: one of this node's,
 * which its device tells, or one that the agent knows by its prefix. */
static __always_inline bool client_is_pod(struct scratch *s)
{
	if (s->client.kind == DEVICE_POD)
		return true;
	return client_prefix_holds(&sources, s, &s->packet.tuple.src);
}

/*
 * Copies the device the packet is at; false when its packets may not begin
 * a flow here: unknown devices, and at egress everything that was not sent
 * by the node itself. Its packets for a frontend leave by uplinks or lo;
 * those of a connected socket leave by the device of the backend that left.
 */
static __always_inline bool client_may_begin(struct __sk_buff *skb,
					     struct scratch *s, __u32 hook)
{
	__u32 ifindex = skb->ifindex;
	const struct device *device = bpf_map_lookup_elem(&devices, &ifindex);

	if (!device)
		return false;
	s->client = *device;
	s->from_pod = client_is_pod(s);
	return hook == HOOK_INGRESS ||
	       (skb->ingress_ifindex == 0 &&
		(device->kind != DEVICE_POD ||
		 s->packet.flags & PACKET_TO_TOMBSTONE));
}

/* Which view of frontends the packet's sender has; s->from_pod is set. */
static __always_inline __u8 client_scope(const struct scratch *s, __u32 hook)
{
	return hook == HOOK_INGRESS && s->client.kind == DEVICE_UPLINK &&
			       !s->from_pod ?
		       SCOPE_EXTERNAL :
		       SCOPE_INTERNAL;
}

/* True when the frontend is for the packet's source (loadBalancerSourceRanges). */
static __always_inline bool client_in_range(struct scratch *s)
{
	if (!(s->service.flags & FRONTEND_RANGES))
		return true;
	s->range.prefixlen = CLIENT_RANGE_BITS;
	s->range.service = bpf_htonl(s->service.id);
	s->range.addr = s->packet.tuple.src;
	return bpf_map_lookup_elem(&ranges, &s->range);
}

#endif /* SLUICE_CLIENT_H */
