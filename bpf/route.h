/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Choosing, once per flow, how both of its directions go on. */
#ifndef SLUICE_ROUTE_H
#define SLUICE_ROUTE_H

#include <linux/bpf.h>
#include <linux/in.h>

#include <stdbool.h>

#include "address.h"
#include "config.h"
#include "ethernet.h"
#include "flow.h"
#include "packet.h"
#include "settings.h"
#include "verdict.h"

enum route_family {
	ROUTE_INET = 2,
	ROUTE_INET6 = 10,
};

/* Asks the fib for the way to s->backend, of packets that came in by a device,
 * or with BPF_FIB_LOOKUP_OUTPUT go out by it; a BPF_FIB_LKUP_RET_ or below 0. */
static __always_inline long route_ask(struct __sk_buff *skb, struct scratch *s,
				      __u32 ifindex, __u32 flags)
{
	const struct packet *packet = &s->packet;
	struct bpf_fib_lookup *fib = &s->fib;

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->l4_protocol = packet->tuple.proto;
	fib->ifindex = ifindex;
	if (packet->is_v6) {
		fib->family = ROUTE_INET6;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			fib->ipv6_src[i] = packet->tuple.src.word[i];
			fib->ipv6_dst[i] = s->backend.addr.word[i];
		}
	} else {
		fib->family = ROUTE_INET;
		fib->ipv4_src = packet->tuple.src.word[3];
		fib->ipv4_dst = s->backend.addr.word[3];
	}
	return bpf_fib_lookup(skb, fib, sizeof(*fib), flags);
}

static __always_inline long route_lookup(struct __sk_buff *skb,
					 struct scratch *s)
{
	return route_ask(skb, s, skb->ifindex, 0);
}

/* True when the fib named an out device, with or without a neighbour. */
static __always_inline bool route_found(long result)
{
	return result == BPF_FIB_LKUP_RET_SUCCESS ||
	       result == BPF_FIB_LKUP_RET_NO_NEIGH ||
	       result == BPF_FIB_LKUP_RET_FRAG_NEEDED;
}

/* True when packets may skip the stack between these two devices. */
static __always_inline bool route_may_redirect(const struct device *in,
					       const struct device *out)
{
	const struct settings *set = settings_get();

	if (!set || set->forwarding == FORWARDING_STACK)
		return false;
	if (set->forwarding == FORWARDING_REDIRECT)
		return true;
	return in->flags & DEVICE_REDIRECT && out &&
	       out->flags & DEVICE_REDIRECT;
}

static __always_inline __u32 route_mtu(struct __sk_buff *skb, __u32 ifindex)
{
	const struct device *device;
	__u32 mtu = 0;

	if (have_check_mtu)
		return bpf_check_mtu(skb, ifindex, &mtu, 0, 0) < 0 ? 0 : mtu;
	device = bpf_map_lookup_elem(&devices, &ifindex);
	return device ? device->mtu : 0;
}

/* The device's own masquerade address; NULL when it has none. */
static __always_inline const struct ip_addr *
route_own_address(const struct device *device, bool is_v6)
{
	const struct ip_addr *addr;

	if (!device)
		return NULL;
	addr = is_v6 ? &device->masq6 : &device->masq4;
	return address_is_none(addr) ? NULL : addr;
}

/*
 * Where the frontend says so; where the client must not see the backend's
 * replies directly, or the backend could not reach the client: a pod that got
 * itself (hairpin), a client from outside whose backend is elsewhere, and the
 * node's own packets through a device with an address of its own (VXLAN),
 * whose far end checks rp_filter.
 */
static __always_inline bool
route_masquerades(const struct scratch *s, const struct device *out, __u32 hook)
{
	const struct ip_addr *src = &s->packet.tuple.src;
	const struct ip_addr *own;

	if (hook == HOOK_EGRESS) {
		own = route_own_address(out, s->packet.is_v6);
		return own && !address_equal(own, src);
	}
	if (address_equal(&s->backend.addr, src))
		return true;
	if (!s->backend.id) /* a direct flow, for no service */
		return false;
	if (s->service.flags & FRONTEND_MASQUERADE ||
	    (s->service.flags & FRONTEND_MASQUERADE_OUTSIDE && !s->from_pod))
		return true;
	return s->client.kind == DEVICE_UPLINK &&
	       !(s->backend.flags & BACKEND_LOCAL);
}

/* Sets the source that the backend sees; false when the node has none. */
static __always_inline bool route_masquerade(struct scratch *s,
					     const struct device *out)
{
	const struct ip_addr *addr = route_own_address(out, s->packet.is_v6);
	const struct settings *set = settings_get();

	if (!addr && set) {
		addr = s->packet.is_v6 ? &set->node6 : &set->node4;
		if (address_is_none(addr))
			addr = NULL;
	}
	if (!addr)
		return false;
	s->forward.src = *addr;
	s->forward.flags |= FLOW_MASQUERADED;
	return true;
}

/*
 * True when the frontend's address is the node's own, so that its packets are
 * on lo. IPv4 takes no packet in from the node's own address, not even there,
 * unless it comes with a route: replies are sent out of lo instead.
 */
static __always_inline bool route_is_own(const struct scratch *s)
{
	return s->client.kind == DEVICE_LOOPBACK && !s->packet.is_v6;
}

/* The way of replies that are recognised where they enter the node. */
static __always_inline void route_reply(struct __sk_buff *skb,
					struct scratch *s, __u32 hook,
					bool may_redirect)
{
	struct flow *reply = &s->reply;

	reply->hook = HOOK_INGRESS;
	reply->ifindex = skb->ifindex;
	mac_copy(reply->smac, s->client.mac);
	if (hook == HOOK_EGRESS && route_is_own(s)) {
		reply->way = WAY_NEIGH;
		return;
	}
	if (hook == HOOK_EGRESS) {
		reply->way = WAY_INGRESS;
		mac_copy(reply->dmac, s->client.mac);
		/* From whom the client believes to hear: a bridge learns it. */
		if (s->packet.l3)
			bpf_skb_load_bytes(skb, 0, reply->smac, ETH_ALEN);
		return;
	}
	if (may_redirect && s->client.kind == DEVICE_POD &&
	    s->client.flags & DEVICE_PEER && s->packet.l3 &&
	    !bpf_skb_load_bytes(skb, ETH_ALEN, reply->dmac, ETH_ALEN)) {
		reply->way = WAY_PEER;
	} else {
		reply->way = WAY_NEIGH;
		if (s->client.master)
			reply->ifindex = s->client.master;
	}
	reply->mtu = route_mtu(skb, reply->ifindex);
}

/* True when packets can go right into the pod behind that device. */
static __always_inline bool route_by_peer(const struct scratch *s, __u32 hook,
					  const struct device *out)
{
	return hook == HOOK_INGRESS && out && out->kind == DEVICE_POD &&
	       out->flags & DEVICE_PEER && s->packet.l3;
}

/* Both directions by redirect. */
static __always_inline void route_redirect(struct __sk_buff *skb,
					   struct scratch *s,
					   const struct device *out,
					   __u32 hook_and_neighbour)
{
	__u32 hook = hook_and_neighbour & 1;
	bool has_neighbour = hook_and_neighbour & 2;
	bool may_redirect = route_may_redirect(&s->client, out);
	struct flow *forward = &s->forward;

	forward->ifindex = s->fib.ifindex;
	forward->way = WAY_NEIGH;
	mac_copy(forward->dmac, s->fib.dmac);
	mac_copy(forward->smac, s->fib.smac);
	if (may_redirect && has_neighbour && route_by_peer(s, hook, out))
		forward->way = WAY_PEER;
	forward->mtu = route_mtu(skb, forward->ifindex);
	route_reply(skb, s, hook, may_redirect);
}

/* Both directions through the stack or, in one bridge, as the bridge does. */
static __always_inline void route_stack(struct scratch *s, long result)
{
	if (!s->client.master || !route_found(result) ||
	    s->fib.ifindex != s->client.master)
		return;
	s->forward.way = WAY_BRIDGE;
	s->reply.way = WAY_BRIDGE;
	if (result != BPF_FIB_LKUP_RET_SUCCESS)
		return;
	mac_copy(s->forward.dmac, s->fib.dmac);
	s->forward.ifindex = s->fib.ifindex;
}

/* True when the stack is the only way, whatever the fib would say. */
static __always_inline bool route_is_stack(const struct scratch *s, __u32 hook)
{
	const struct settings *set = settings_get();

	if (hook != HOOK_INGRESS || s->client.master ||
	    route_masquerades(s, NULL, hook))
		return false;
	return !set || set->forwarding == FORWARDING_STACK ||
	       (set->forwarding == FORWARDING_AUTO &&
		!(s->client.flags & DEVICE_REDIRECT));
}

/*
 * Fills the ways of s->forward and s->reply, and the masquerade address.
 * A backend that is the node itself has no route: pods reach it through the
 * stack, the node's own packets are past the point where they could.
 */
__noinline int flow_route(struct __sk_buff *skb, __u32 hook)
{
	struct scratch *s = scratch_get();
	const struct device *out = NULL;
	bool masquerade, found;
	long result;

	if (!s)
		return verdict_drop(DROP_FIB);
	s->forward.hook = hook;
	s->reply.hook = HOOK_EGRESS;
	if (route_is_stack(s, hook))
		return VERDICT_NEXT;
	result = route_lookup(skb, s);
	found = route_found(result);
	if (found)
		out = bpf_map_lookup_elem(&devices, &s->fib.ifindex);
	masquerade = route_masquerades(s, out, hook);
	/* The node itself answers through its own stack, whoever asks. */
	if (result == BPF_FIB_LKUP_RET_NOT_FWDED &&
	    s->backend.flags & BACKEND_LOCAL &&
	    !address_equal(&s->backend.addr, &s->packet.tuple.src))
		masquerade = false;
	if (!found && hook == HOOK_EGRESS)
		return verdict_drop(result == BPF_FIB_LKUP_RET_NOT_FWDED ?
					    DROP_HOST_BACKEND :
					    DROP_FIB);
	if (!found && masquerade)
		return verdict_drop(DROP_FIB);
	if (masquerade && !route_masquerade(s, out))
		return verdict_drop(DROP_NO_MASQUERADE_ADDRESS);
	if (hook == HOOK_INGRESS && !masquerade) {
		bool in_bridge =
			s->client.master && s->fib.ifindex == s->client.master;

		if (!found || in_bridge ||
		    !route_may_redirect(&s->client, out)) {
			route_stack(s, result);
			return VERDICT_NEXT;
		}
	}
	route_redirect(skb, s, out,
		       hook | (result == BPF_FIB_LKUP_RET_SUCCESS) << 1);
	return VERDICT_NEXT;
}

/*
 * Asks again for the way of a live flow's packets: a BPF_FIB_LKUP_RET_ or below
 * 0. Replies stay with the device that requests come in by, as long as it leads
 * to the client: by what else a node routes, a BPF program does not see all.
 */
static __always_inline long route_lookup_again(struct __sk_buff *skb,
					       struct scratch *s,
					       const struct flow *flow,
					       bool is_reply)
{
	__u32 ifindex = flow->ifindex;
	long result;

	s->backend.addr = flow->way == WAY_INGRESS ? flow->src : flow->dst;
	if (is_reply) {
		result = route_ask(skb, s, ifindex, BPF_FIB_LOOKUP_OUTPUT);
		if (route_found(result) && s->fib.ifindex == ifindex)
			return result;
	}
	return route_lookup(skb, s);
}

/* Replies to the node itself enter by the device that its packets to the
 * frontend would leave by now; where there is none they just go on. */
static __always_inline void route_ingress_again(struct __sk_buff *skb,
						const struct scratch *s,
						struct flow *flow, long result)
{
	flow->ifindex = skb->ifindex;
	if (route_found(result)) {
		flow->ifindex = s->fib.ifindex;
		mac_copy(flow->dmac, s->fib.smac);
		mac_copy(flow->smac, s->fib.dmac);
	}
	flow->mtu = FLOW_MTU_ANY;
}

/*
 * Finds the way of a live flow's packets again: routes and devices are no
 * longer what they were. Its addresses stay. Takes 1 for the flow that the
 * ICMP error in s->packet is about (s->twin_key), 0 for that of the packet.
 * False: there is no way now, and the next packet asks again.
 */
__noinline int route_again(struct __sk_buff *skb, __u32 is_error)
{
	struct scratch *s = scratch_get();
	const struct device *in, *out;
	const struct flow_key *key;
	struct flow *flow;
	__u32 ifindex;
	long result;

	if (!s)
		return false;
	key = is_error ? &s->twin_key : &s->packet.tuple;
	flow = flow_find(key);
	if (!flow)
		return false;
	result = route_lookup_again(skb, s, flow, key->direction == FLOW_REPLY);
	if (flow->way == WAY_INGRESS) {
		route_ingress_again(skb, s, flow, result);
		return true;
	}
	if (!route_found(result))
		return false;
	ifindex = skb->ifindex;
	in = bpf_map_lookup_elem(&devices, &ifindex);
	ifindex = s->fib.ifindex;
	out = bpf_map_lookup_elem(&devices, &ifindex);
	mac_copy(flow->dmac, s->fib.dmac);
	mac_copy(flow->smac, s->fib.smac);
	flow->ifindex = ifindex;
	flow->way = WAY_NEIGH;
	if (result == BPF_FIB_LKUP_RET_SUCCESS && in &&
	    route_may_redirect(in, out) && route_by_peer(s, flow->hook, out))
		flow->way = WAY_PEER;
	flow->mtu = route_mtu(skb, ifindex);
	return true;
}

/*
 * Learns the backend's MAC for a flow that stays in its bridge and began
 * before the neighbour was known. True when s->fib has it now.
 */
__noinline int route_neighbour(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();

	return s && route_lookup(skb, s) == BPF_FIB_LKUP_RET_SUCCESS;
}

#endif /* SLUICE_ROUTE_H */
