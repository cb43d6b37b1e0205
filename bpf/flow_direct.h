/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A flow of its own for a direct connection that a service flow is in the way of. */
#ifndef SLUICE_FLOW_DIRECT_H
#define SLUICE_FLOW_DIRECT_H

#include "flow_open.h"

/* The direct flow's ways. The node's own packets are at their device. */
static __always_inline __u32 flow_route_direct(struct __sk_buff *skb,
					       struct scratch *s, __u32 hook)
{
	if (hook == HOOK_INGRESS)
		return flow_route(skb, hook);
	s->forward.hook = HOOK_EGRESS;
	s->reply.hook = HOOK_INGRESS;
	s->reply.way = WAY_INGRESS;
	s->reply.ifindex = skb->ifindex;
	return VERDICT_NEXT;
}

/* True when the twin key is held by the very flow of this packet, which was
 * translated at another device before it came to this one. */
static __always_inline bool flow_is_own(const struct scratch *s)
{
	const struct flow *holder = flow_find(&s->twin_key);

	return holder && holder->socket == s->forward.socket;
}

/* Forgets the direct flow that the connection before had, or the new one
 * would go on with it: with its state and its source port. */
static __always_inline void flow_drop_over(const struct flow_key *key)
{
	const struct flow *flow = flow_find(key);

	if (flow && flow_over(key, flow))
		flow_remove(key, flow);
}

/*
 * A packet for a backend itself, not for a service, whose replies would be
 * taken for those of a service flow of the same client port. A service flow
 * that is over makes room; beside a live one the direct flow is given another
 * source port, as nf_conntrack does. VERDICT_NEXT: its entries are there.
 */
__noinline int flow_open_direct(struct __sk_buff *skb, __u32 hook)
{
	struct scratch *s = scratch_get();
	struct control *words = control_get();
	__u32 verdict;

	if (!s || !words)
		return VERDICT_PASS;
	if (hook == HOOK_EGRESS ? skb->ingress_ifindex != 0 :
				  !client_may_begin(skb, s, hook))
		return VERDICT_PASS;
	flow_prepare(s, flow_socket(skb, s, hook));
	if (READ_WORD(words->direct_in_use))
		flow_drop_over(&s->packet.tuple);
	s->forward.dst = s->packet.tuple.dst;
	s->forward.dport = s->packet.tuple.dport;
	flow_twin_key(&s->packet.tuple, &s->forward, &s->twin_key);
	if (hook == HOOK_EGRESS && flow_is_own(s))
		return VERDICT_PASS;
	s->ask_sockets = direct_client(s, hook);
	direct_note(words, s, hook);
	if (flow_twin_free(s))
		return VERDICT_PASS;
	__builtin_memset(&s->backend, 0, sizeof(s->backend));
	__builtin_memset(&s->service, 0, sizeof(s->service));
	s->backend.addr = s->packet.tuple.dst;
	s->backend.port = s->packet.tuple.dport;
	s->forward.flags |= FLOW_DIRECT | FLOW_PORT_CHANGED;
	in_use_note(&words->direct_in_use);
	verdict = flow_route_direct(skb, s, hook);
	if (verdict != VERDICT_NEXT)
		return verdict;
	verdict = flow_commit(skb, s, 1);
	in_use_note(&words->direct_in_use);
	return verdict;
}

#endif /* SLUICE_FLOW_DIRECT_H */
