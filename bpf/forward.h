/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Sending a translated packet the way that its flow chose. */
#ifndef SLUICE_FORWARD_H
#define SLUICE_FORWARD_H

#include <linux/if_packet.h>

#include "answer.h"
#include "ethernet.h"
#include "flow.h"
#include "nat.h"
#include "route.h"
#include "verdict.h"

/* True when the packet passes a router here: its TTL goes down by one. */
static __always_inline bool forward_is_hop(const struct flow *flow)
{
	return flow->hook == HOOK_INGRESS &&
	       (flow->way == WAY_NEIGH || flow->way == WAY_PEER);
}

enum forward_limit {
	GSO_BY_FRAGS = 0xffff, /* gso_size of SCTP: parts of their own sizes */
};

/* Bytes of the largest IP packet that the skb becomes on the wire; 0: its parts
 * have sizes that only the sender knows. */
static __always_inline __u32 forward_size(struct __sk_buff *skb,
					  const struct packet *packet)
{
	if (skb->gso_size == GSO_BY_FRAGS)
		return 0;
	if (skb->gso_size)
		return packet->l4 - packet->l3 + packet->l4_size +
		       skb->gso_size;
	return skb->len - packet->l3;
}

/* True when the stack can send the packet in fragments: IPv4 without DF, whose
 * source is not yet the node's, which the stack would not take in. Of what came
 * in fragments it would wait for those that are small enough to be redirected. */
static __always_inline bool forward_may_fragment(struct __sk_buff *skb,
						 const struct packet *packet,
						 const struct flow *flow)
{
	__be16 fragment;

	return !packet->is_v6 && flow->hook == HOOK_INGRESS &&
	       flow->way == WAY_NEIGH &&
	       packet->tuple.direction == FLOW_FORWARD &&
	       !(packet->flags & PACKET_FIRST_FRAGMENT) &&
	       !(packet->flags & PACKET_LATER_FRAGMENT) &&
	       !(flow->flags & FLOW_MASQUERADED) &&
	       !bpf_skb_load_bytes(skb, packet->l3 + 6, &fragment,
				   sizeof(fragment)) &&
	       !(fragment & bpf_htons(0x4000));
}

/* What becomes of s->packet, which is larger than its flow's MTU: a verdict as
 * that of forward_check(). enum flow_mtu is no MTU, and below all sizes. */
__noinline int forward_oversize(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	const struct flow *flow;

	flow = s ? flow_find(&s->packet.tuple) : NULL;
	if (!flow)
		return verdict_drop(DROP_FIB);
	if (flow->mtu == FLOW_MTU_LOST) {
		if (!route_again(skb, 0))
			return verdict_drop(DROP_FIB);
		if (!flow->mtu || forward_size(skb, &s->packet) <= flow->mtu)
			return VERDICT_NEXT;
	}
	if (forward_may_fragment(skb, &s->packet, flow))
		return VERDICT_STACK;
	return answer_send(skb, flow->hook | ANSWER_TOO_BIG << 1, flow->mtu,
			   DROP_TOO_BIG);
}

/*
 * What a router would refuse, answered as a router would; VERDICT_NEXT when
 * all is well, VERDICT_STACK when the stack has to send it. Packets that the
 * stack routes are not asked here.
 */
static __always_inline __u32 forward_check(struct __sk_buff *skb,
					   const struct packet *packet,
					   const struct flow *flow)
{
	__u32 hook = flow->hook;

	if (flow->way != WAY_NEIGH && flow->way != WAY_PEER)
		return VERDICT_NEXT;
	if (hook == HOOK_INGRESS && packet->ttl <= 1)
		return answer_send(skb, hook | ANSWER_EXPIRED << 1, 0,
				   DROP_TTL);
	if (!flow->mtu || forward_size(skb, packet) <= flow->mtu)
		return VERDICT_NEXT;
	return forward_oversize(skb);
}

/*
 * The first packets of a flow in a bridge, while the neighbour is not known.
 * Those for a frontend are on their way to the stack, which learns it. Those
 * of a connected socket carry the MAC of the backend that left.
 */
static __always_inline __u32 forward_unknown(struct __sk_buff *skb,
					     const struct packet *packet)
{
	__u32 ifindex = skb->ifindex;
	const struct device *device;

	if (!(packet->flags & PACKET_TO_TOMBSTONE))
		return VERDICT_PASS;
	device = bpf_map_lookup_elem(&devices, &ifindex);
	if (!device || !device->master)
		return VERDICT_PASS;
	return verdict_redirect(bpf_redirect_neigh(device->master, NULL, 0, 0));
}

/*
 * Stays in its bridge: only the destination MAC is new, so that the bridge
 * and bridge netfilter see what they would see of direct traffic. While the
 * neighbour is not known the stack takes the packet and learns it; but those
 * of a connected socket bear the MAC of the backend that left, not the
 * bridge's, and would never reach the stack.
 */
static __always_inline __u32 forward_bridge(struct __sk_buff *skb,
					    struct scratch *s,
					    struct flow *flow)
{
	if (s->packet.tuple.direction == FLOW_REPLY)
		return VERDICT_PASS;
	if (!flow->ifindex) {
		s->backend.addr = flow->dst;
		if (!route_neighbour(skb))
			return forward_unknown(skb, &s->packet);
		mac_copy(flow->dmac, s->fib.dmac);
		flow->ifindex = s->fib.ifindex;
	}
	return ethernet_write_dmac(skb, flow->dmac) ?
		       VERDICT_PASS :
		       verdict_drop(DROP_REWRITE);
}

/* Puts the flow's MACs on the packet. One that came out of a tunnel may have
 * no Ethernet header yet. */
static __always_inline bool forward_address(struct __sk_buff *skb,
					    const struct packet *packet,
					    const struct flow *flow)
{
	return (packet->l3 || ethernet_add(skb)) &&
	       ethernet_write_flow(skb, flow);
}

/* Replies to the node itself enter by the device that its packets left by,
 * where the route to the frontend points: rp_filter agrees. */
static __always_inline __u32 forward_ingress(struct __sk_buff *skb,
					     const struct packet *packet,
					     const struct flow *flow)
{
	if (flow->mtu == FLOW_MTU_LOST && !route_again(skb, 0))
		return verdict_drop(DROP_FIB);
	if (skb->ifindex == flow->ifindex)
		return VERDICT_PASS;
	if (!forward_address(skb, packet, flow))
		return verdict_drop(DROP_REWRITE);
	return verdict_redirect(bpf_redirect(flow->ifindex, BPF_F_INGRESS));
}

static __always_inline __u32 forward_peer(struct __sk_buff *skb,
					  const struct packet *packet,
					  const struct flow *flow)
{
	if (!nat_writes_macs(packet, flow) &&
	    !forward_address(skb, packet, flow))
		return verdict_drop(DROP_REWRITE);
	return verdict_redirect(bpf_redirect_peer(flow->ifindex, 0));
}

/* By a neighbour's address. A packet to the bridge's own address is marked as
 * another host's at a port with an address of its own, and loopback would not
 * take that back (eth_type_trans()): the stack would drop replies to the node
 * itself. The helper refuses packets without Ethernet header, whatever the
 * device that they leave by. */
static __always_inline __u32 forward_neigh(struct __sk_buff *skb,
					   const struct packet *packet,
					   const struct flow *flow)
{
	if (!packet->l3 && !ethernet_add(skb))
		return verdict_drop(DROP_REWRITE);
	if (skb->pkt_type == PACKET_OTHERHOST &&
	    bpf_skb_change_type(skb, PACKET_HOST))
		return verdict_drop(DROP_REWRITE);
	return verdict_redirect(bpf_redirect_neigh(flow->ifindex, NULL, 0, 0));
}

static __always_inline __u32 forward_send(struct __sk_buff *skb,
					  struct scratch *s, struct flow *flow)
{
	switch (flow->way) {
	case WAY_NEIGH:
		return forward_neigh(skb, &s->packet, flow);
	case WAY_PEER:
		return forward_peer(skb, &s->packet, flow);
	case WAY_BRIDGE:
		return forward_bridge(skb, s, flow);
	case WAY_INGRESS:
		return forward_ingress(skb, &s->packet, flow);
	default:
		return VERDICT_PASS;
	}
}

#endif /* SLUICE_FORWARD_H */
