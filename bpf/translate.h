/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The stations that ingress and egress share. */
#ifndef SLUICE_TRANSLATE_H
#define SLUICE_TRANSLATE_H

#include "echo.h"
#include "flow_direct.h"
#include "flow_open.h"
#include "forward.h"
#include "glance.h"
#include "icmp.h"
#include "nat.h"
#include "parse.h"
#include "sender.h"
#include "verdict.h"

/* True when packets for backends may have flows of their own. */
static __always_inline bool translate_direct_in_use(void)
{
	const struct control *words = control_get();

	return words && READ_WORD(words->direct_in_use);
}

/* What glance() had no reason to ask. */
static __always_inline void translate_ask_backends(struct packet *packet,
						   __u32 hook)
{
	struct control *words = control_get();

	if (words)
		glance_backends(packet, words, hook);
}

/* True when the packet may have a forward entry. */
static __always_inline bool translate_forward(const struct packet *packet)
{
	if (packet->flags & (PACKET_TO_FRONTEND | PACKET_TO_TOMBSTONE))
		return true;
	return packet->flags & PACKET_TO_BACKEND && translate_direct_in_use();
}

/* True when the packet may begin a direct flow to a backend. */
static __always_inline bool translate_direct(const struct packet *packet)
{
	return packet->flags & PACKET_TO_BACKEND && packet_is_syn(packet);
}

/*
 * True when a forward entry is not this packet's: that of a direct flow of
 * the node, while the packet was translated for a service flow of the same
 * port and is now at the backend's device.
 */
static __always_inline bool
translate_foreign(struct __sk_buff *skb, const struct flow *flow, __u32 hook)
{
	if (flow->hook != hook)
		return true;
	return hook == HOOK_EGRESS && flow->flags & FLOW_DIRECT &&
	       flow->socket != sender_cookie(skb);
}

/*
 * True when the packet's forward entry was made for a socket that connected to
 * an endpoint before it left, and the packet is another socket's.
 */
static __always_inline bool translate_stranger(struct __sk_buff *skb,
					       const struct packet *packet,
					       const struct flow *flow)
{
	return packet->flags & PACKET_TO_TOMBSTONE &&
	       !(packet->flags & PACKET_TO_FRONTEND) &&
	       flow->socket != sender_cookie(skb);
}

/*
 * True when a fragment can be translated; a first one is remembered. The
 * checksum of SCTP changes with the ports by the size of the whole message,
 * which no fragment tells.
 */
static __always_inline bool translate_fragment(const struct packet *packet,
					       const struct flow *flow)
{
	if (packet->flags & PACKET_FIRST_FRAGMENT && !fragment_remember(packet))
		return false;
	return packet->tuple.proto != IPPROTO_SCTP ||
	       (packet->tuple.sport == flow->sport &&
		packet->tuple.dport == flow->dport);
}

/* Translates and sends a packet that has a flow. A first fragment that is
 * refused is remembered too: the rest of its datagram must not go out alone,
 * to the frontend's address. */
static __always_inline __u32 translate_apply(struct __sk_buff *skb,
					     struct scratch *s,
					     struct flow *flow)
{
	const struct packet *packet = &s->packet;
	__u32 verdict;

	if (packet->flags & (PACKET_FIRST_FRAGMENT | PACKET_LATER_FRAGMENT) &&
	    !translate_fragment(packet, flow))
		return verdict_drop(DROP_FRAGMENT);
	verdict = forward_check(skb, packet, flow);
	if (verdict != VERDICT_NEXT && verdict != VERDICT_STACK)
		return verdict;
	flow_see(packet, flow);
	if (!nat_apply(skb, s, flow,
		       verdict == VERDICT_NEXT && forward_is_hop(flow)))
		return verdict_drop(DROP_REWRITE);
	if (flow->flags & FLOW_OVERFLOW && flow->state == FLOW_ESTABLISHED &&
	    packet->tuple.direction == FLOW_FORWARD) {
		s->forward = *flow;
		flow_promote(&packet->tuple, s);
		flow = &s->forward;
	}
	return verdict == VERDICT_STACK ? VERDICT_PASS :
					  forward_send(skb, s, flow);
}

/*
 * The entry of a flow that s->packet has just begun. Only a packet that ends
 * it at once changes the entry; all others find the same in s->forward.
 */
static __always_inline struct flow *translate_opened(struct scratch *s)
{
	return s->packet.tcp_flags & (TCP_FIN | TCP_RST) ?
		       flow_find(&s->packet.tuple) :
		       &s->forward;
}

/*
 * The flow of a packet that begins a connection to a frontend. Mostly there is
 * none yet, and storing it shows whether there is, so nobody looks before.
 * NULL: not so simple.
 */
static __always_inline struct flow *
translate_begin(struct __sk_buff *skb, struct scratch *s, __u32 hook)
{
	struct packet *packet = &s->packet;

	if (!(packet->flags & PACKET_TO_FRONTEND) || !packet_is_syn(packet))
		return NULL;
	packet->tuple.direction = FLOW_FORWARD;
	return flow_open(skb, hook | OPEN_NO_LOOKUP) == VERDICT_NEXT ?
		       translate_opened(s) :
		       NULL;
}

/*
 * The flow that s->packet is a reply of, or NULL. Asked before a flow is begun
 * also of a packet for a frontend: the port that a client has, or that its flow
 * was masqueraded with, may be a node port too. Not of one that begins a
 * connection there, which is none.
 */
static __always_inline struct flow *translate_reply(struct packet *packet,
						    __u32 hook)
{
	const struct flow_key *tuple = &packet->tuple;

	if (packet->flags & PACKET_TO_FRONTEND) {
		translate_ask_backends(packet, hook);
		if (packet_is_syn(packet))
			return NULL;
		/* Also where no reply acts: one that acts elsewhere is no
		 * packet to begin a flow with either. */
		if (filter_maybe(&tuple->src, tuple->sport, tuple->proto,
				 FILTER_BACKEND))
			packet->flags |= PACKET_FROM_BACKEND;
	}
	if (!(packet->flags & PACKET_FROM_BACKEND))
		return NULL;
	packet->tuple.direction = FLOW_REPLY;
	return flow_find(&packet->tuple);
}

/* True when the forward entry that was found serves the packet. */
static __always_inline bool translate_serves(struct __sk_buff *skb,
					     const struct packet *packet,
					     const struct flow *flow)
{
	return flow_serves(packet, flow) &&
	       !translate_stranger(skb, packet, flow);
}

/* Finds or begins the flow of s->packet and applies it. */
static __always_inline __u32 translate(struct __sk_buff *skb, struct scratch *s,
				       __u32 hook)
{
	struct packet *packet = &s->packet;
	struct flow *flow;
	__u32 verdict, old = 0;
	bool begins = false;

	if (packet->flags & PACKET_ICMP_ERROR)
		return icmp_translate(skb, hook);
	if (packet->flags & PACKET_ECHO)
		return echo_answer(skb, hook);
	flow = translate_begin(skb, s, hook);
	if (!flow && translate_forward(packet)) {
		packet->tuple.direction = FLOW_FORWARD;
		flow = flow_find(&packet->tuple);
		if (flow && translate_foreign(skb, flow, hook))
			return VERDICT_PASS;
		begins = !flow || !translate_serves(skb, packet, flow);
		if (begins && flow)
			old = OPEN_OLD;
	}
	if (!flow || begins)
		flow = translate_reply(packet, hook);
	if (!flow && begins) {
		packet->tuple.direction = FLOW_FORWARD;
		verdict = flow_open(skb, hook | old);
		if (verdict == VERDICT_NEXT)
			flow = translate_opened(s);
		else if (verdict != VERDICT_PASS)
			return verdict;
	}
	if (!flow && translate_direct(packet)) {
		verdict = flow_open_direct(skb, hook);
		if (verdict != VERDICT_NEXT)
			return verdict;
		flow = flow_find(&packet->tuple);
	}
	if (!flow)
		return flow_unallocated(skb, s, hook);
	if (flow->hook != hook)
		return VERDICT_PASS;
	return translate_apply(skb, s, flow);
}

/* The questions of glance() about a packet that had to be parsed first. Errors
 * are looked at by their quote, later. Seldom needed, so with a frame of its
 * own. */
static __noinline bool translate_concerns(struct packet *packet, __u32 hook)
{
	const struct control *words = control_get();

	if (!packet || !words)
		return false;
	if (packet->flags & PACKET_ICMP_ERROR)
		return true;
	glance_frontends(packet);
	glance_range(packet, words, packet->is_v6);
	if (!(packet->flags & PACKET_TO_FRONTEND))
		translate_ask_backends(packet, hook & 1);
	return packet->flags &
	       (PACKET_TO_FRONTEND | PACKET_TO_BACKEND | PACKET_FROM_BACKEND |
		PACKET_TO_TOMBSTONE | PACKET_TO_SERVICE_RANGE);
}

/* Fills s->packet; true when it may be ours. seen: what glance() answered. */
static __always_inline bool translate_parse(struct __sk_buff *skb,
					    struct packet *packet, __u32 hook,
					    __u32 seen)
{
	if (seen != GLANCE_UNSURE)
		return glance_parse(skb, packet, seen);
	return parse_packet(skb, packet) && translate_concerns(packet, hook);
}

/*
 * What follows the glance, for packets that may be ours: a TC_ACT_. Takes the
 * hook, and what glance() answered shifted left by one. Not inlined: what most
 * packets run through stays small.
 */
__noinline int translate_rest(struct __sk_buff *skb, __u32 hook_and_seen)
{
	struct scratch *s = scratch_get();
	__u32 hook = hook_and_seen & 1;
	__u32 verdict;

	if (!s || !translate_parse(skb, &s->packet, hook, hook_and_seen >> 1))
		return TC_ACT_UNSPEC;
	s->service.id = 0;
	verdict = translate(skb, s, hook);
	return finish(&s->packet.tuple, s->service.id, skb->ifindex, verdict);
}

/* A whole run of the program at this hook: its TC_ACT_. */
static __always_inline int translate_run(struct __sk_buff *skb, __u32 hook)
{
	__u32 seen = glance(skb, hook);

	return seen ? translate_rest(skb, hook | seen << 1) : TC_ACT_UNSPEC;
}

#endif /* SLUICE_TRANSLATE_H */
