/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The stations that ingress and egress share. */
#ifndef SLUICE_TRANSLATE_H
#define SLUICE_TRANSLATE_H

#include "filter.h"
#include "flow_direct.h"
#include "flow_open.h"
#include "forward.h"
#include "icmp.h"
#include "nat.h"
#include "parse.h"
#include "sender.h"
#include "verdict.h"

/* True when the packet begins a TCP connection. */
static __always_inline bool translate_is_syn(const struct packet *packet)
{
	return packet->tuple.proto == IPPROTO_TCP &&
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* True when packets for backends may have flows of their own. */
static __always_inline bool translate_direct_in_use(void)
{
	const struct control *words = control_get();

	return words && READ_WORD(words->direct_in_use);
}

/*
 * Asks the filter what else the packet can be than one for a frontend. That
 * it is for a backend matters only while it may begin or have a direct flow.
 */
static __always_inline void translate_ask_backends(struct packet *packet)
{
	const struct flow_key *tuple = &packet->tuple;

	if ((translate_is_syn(packet) || translate_direct_in_use()) &&
	    filter_maybe(&tuple->dst, tuple->dport, tuple->proto,
			 FILTER_BACKEND))
		packet->flags |= PACKET_TO_BACKEND;
	if (filter_maybe(&tuple->src, tuple->sport, tuple->proto,
			 FILTER_BACKEND))
		packet->flags |= PACKET_FROM_BACKEND;
}

/*
 * Asks the filter what the packet can be to us and leaves the answers in
 * packet->flags; false when it is nothing to us. Of a packet for a frontend
 * the rest is asked when it turns out to belong to no service after all.
 * Errors are looked at by their quote, later.
 */
static __always_inline bool translate_concerns(struct packet *packet)
{
	const struct flow_key *tuple = &packet->tuple;

	if (packet->flags & PACKET_ICMP_ERROR)
		return true;
	if (filter_maybe(&tuple->dst, tuple->dport, tuple->proto,
			 FILTER_FRONTEND))
		packet->flags |= PACKET_TO_FRONTEND;
	if (tuple->proto == IPPROTO_UDP &&
	    filter_maybe(&tuple->dst, tuple->dport, tuple->proto,
			 FILTER_TOMBSTONE))
		packet->flags |= PACKET_TO_TOMBSTONE;
	if (!(packet->flags & PACKET_TO_FRONTEND))
		translate_ask_backends(packet);
	return packet->flags & (PACKET_TO_FRONTEND | PACKET_TO_BACKEND |
				PACKET_FROM_BACKEND | PACKET_TO_TOMBSTONE);
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
	return packet->flags & PACKET_TO_BACKEND && translate_is_syn(packet);
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

/* Translates and sends a packet that has a flow. A first fragment that is
 * refused is remembered too: the rest of its datagram must not go out alone,
 * to the frontend's address. */
static __always_inline __u32 translate_apply(struct __sk_buff *skb,
					     struct scratch *s,
					     struct flow *flow)
{
	const struct packet *packet = &s->packet;
	__u32 verdict;

	if (packet->flags & PACKET_FIRST_FRAGMENT && !fragment_remember(packet))
		return verdict_drop(DROP_FRAGMENT);
	verdict = forward_check(skb, packet, flow);
	if (verdict != VERDICT_NEXT)
		return verdict;
	flow_see(packet, flow);
	if (!nat_apply(skb, s, flow, forward_is_hop(flow)))
		return verdict_drop(DROP_REWRITE);
	if (flow->flags & FLOW_OVERFLOW && flow->state == FLOW_ESTABLISHED &&
	    packet->tuple.direction == FLOW_FORWARD)
		flow_promote(&packet->tuple, flow, s);
	return forward_send(skb, s, flow);
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

/* Finds or begins the flow of s->packet and applies it. */
static __always_inline __u32 translate(struct __sk_buff *skb, struct scratch *s,
				       __u32 hook)
{
	struct packet *packet = &s->packet;
	struct flow *flow = NULL;
	__u32 verdict;

	if (packet->flags & PACKET_ICMP_ERROR)
		return icmp_translate(skb, hook);
	if (translate_forward(packet)) {
		packet->tuple.direction = FLOW_FORWARD;
		flow = flow_find(&packet->tuple);
		if (flow && translate_foreign(skb, flow, hook))
			return VERDICT_PASS;
		if (!flow || !flow_serves(packet, flow) ||
		    translate_stranger(skb, packet, flow)) {
			verdict = flow_open(skb, hook | (flow ? 2 : 0));
			if (verdict == VERDICT_NEXT)
				flow = translate_opened(s);
			else if (verdict != VERDICT_PASS)
				return verdict;
			else
				flow = NULL;
		}
	}
	if (!flow && packet->flags & PACKET_TO_FRONTEND)
		translate_ask_backends(packet);
	if (!flow && packet->flags & PACKET_FROM_BACKEND) {
		packet->tuple.direction = FLOW_REPLY;
		flow = flow_find(&packet->tuple);
	}
	if (!flow && translate_direct(packet)) {
		verdict = flow_open_direct(skb, hook);
		if (verdict != VERDICT_NEXT)
			return verdict;
		flow = flow_find(&packet->tuple);
	}
	if (!flow || flow->hook != hook)
		return VERDICT_PASS;
	return translate_apply(skb, s, flow);
}

/* A whole run of the program at this hook: its TC_ACT_. */
static __always_inline int translate_run(struct __sk_buff *skb, __u32 hook)
{
	struct packet packet;
	struct scratch *s;
	__u32 verdict;

	if (!parse_packet(skb, &packet) || !translate_concerns(&packet))
		return TC_ACT_UNSPEC;
	s = scratch_get();
	if (!s)
		return TC_ACT_UNSPEC;
	s->packet = packet;
	s->service.id = 0;
	verdict = translate(skb, s, hook);
	return finish(&s->packet.tuple, s->service.id, skb->ifindex, verdict);
}

#endif /* SLUICE_TRANSLATE_H */
