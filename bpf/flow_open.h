/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A new flow: service, backend, way, entries. */
#ifndef SLUICE_FLOW_OPEN_H
#define SLUICE_FLOW_OPEN_H

#include "client.h"
#include "direct.h"
#include "flow_pick.h"
#include "flow_refuse.h"
#include "flow_store.h"
#include "route.h"
#include "sender.h"
#include "service.h"

/*
 * Finds the service that the packet is for; false when there is none. One to
 * an endpoint that left is for the service that its socket connected to, as
 * that is now; without such a socket it is for the address's new owner.
 */
static __always_inline bool flow_service(struct __sk_buff *skb,
					 struct scratch *s, __u32 hook)
{
	const struct packet *packet = &s->packet;
	struct frontend_key *key = &s->frontend;
	struct tombstone_key *left = &s->left;

	if (packet->flags & PACKET_TO_FRONTEND) {
		key->addr = packet->tuple.dst;
		key->port = packet->tuple.dport;
		key->proto = packet->tuple.proto;
		/* Those are written for the node's own view alone. */
		key->scope = client_is_loopback(&key->addr) ?
				     SCOPE_INTERNAL :
				     client_scope(s, hook);
		if (service_lookup(key, &s->service))
			return true;
	}
	if (!(packet->flags & PACKET_TO_TOMBSTONE))
		return false;
	left->addr = packet->tuple.dst;
	left->port = packet->tuple.dport;
	left->proto = packet->tuple.proto;
	left->pad = 0;
	if (!bpf_map_lookup_elem(&tombstones, left) ||
	    !sender_service(skb, packet, &s->service))
		return false;
	/* The socket was translated with its own address, and keeps it. */
	s->service.flags &=
		~(FRONTEND_MASQUERADE | FRONTEND_MASQUERADE_OUTSIDE);
	return true;
}

/* Whose the flow is: packets of other sockets may have the same tuple. 0 where
 * nobody has to tell them apart. */
static __always_inline __u32 flow_socket(struct __sk_buff *skb,
					 const struct scratch *s, __u32 hook)
{
	return hook == HOOK_EGRESS || s->packet.flags & PACKET_TO_TOMBSTONE ?
		       sender_cookie(skb) :
		       0;
}

/* Both entries of the packet's flow as far as they do not depend on picks. */
static __always_inline void flow_prepare(struct scratch *s, __u32 socket)
{
	const struct packet *packet = &s->packet;

	s->packet.tuple.direction = FLOW_FORWARD;
	__builtin_memset(&s->forward, 0, sizeof(s->forward));
	__builtin_memset(&s->reply, 0, sizeof(s->reply));
	s->forward.src = packet->tuple.src;
	s->forward.sport = packet->tuple.sport;
	s->forward.last_seen = bpf_jiffies64();
	s->forward.created = s->forward.last_seen;
	s->forward.socket = socket;
	s->reply.src = packet->tuple.dst;
	s->reply.dst = packet->tuple.src;
	s->reply.sport = packet->tuple.dport;
	s->reply.dport = packet->tuple.sport;
	s->reply.last_seen = s->forward.last_seen;
	s->reply.created = s->forward.last_seen;
	s->reply.socket = socket;
}

/*
 * Stores the flow in s; a verdict, VERDICT_NEXT when it is there. s->forward
 * is then what is stored, also when another CPU was faster. VERDICT_AGAIN: the
 * pick was not careful, and clashes.
 */
static __always_inline __u32 flow_commit(struct __sk_buff *skb,
					 struct scratch *s, __u32 careful)
{
	long err = -EEXIST;

	s->was_faster = 0;
	s->forward.service = s->service.id;
	s->forward.backend = s->backend.id;
	s->forward.backend_generation = s->backend.generation;
	s->reply.service = s->service.id;
	s->reply.backend = s->backend.id;
	s->reply.backend_generation = s->backend.generation;
	s->reply.flags = s->forward.flags;
	if (!(s->forward.flags & (FLOW_MASQUERADED | FLOW_PORT_CHANGED))) {
		flow_twin_key(&s->packet.tuple, &s->forward, &s->twin_key);
		err = flow_store(skb);
	}
	if (err == -EEXIST) {
		const struct flow *other = flow_find(&s->packet.tuple);

		if (other && s->no_lookup)
			return VERDICT_AGAIN;
		if (other) {
			s->forward = *other;
			s->was_faster = 1;
			return VERDICT_NEXT;
		}
		if (!(s->forward.flags & FLOW_MASQUERADED)) {
			if (!careful)
				return VERDICT_AGAIN;
			s->forward.flags |= FLOW_PORT_CHANGED;
		}
		s->reply.flags = s->forward.flags;
		err = masquerade_store(skb);
	}
	if (err == -EADDRINUSE)
		return verdict_drop(DROP_NO_MASQUERADE_PORT);
	return err ? verdict_drop(DROP_FLOW_TABLE_FULL) : VERDICT_NEXT;
}

/* Picks, routes and stores; a verdict, VERDICT_AGAIN when a pick that was not
 * careful clashes with another flow. */
static __always_inline __u32 flow_try(struct __sk_buff *skb, struct scratch *s,
				      __u32 hook, __u32 careful)
{
	__u32 verdict;

	flow_prepare(s, flow_socket(skb, s, hook));
	if (!flow_pick(skb, careful)) {
		if (s->no_lookup)
			return VERDICT_AGAIN;
		count_refusal(s->service.id, DROP_NO_ENDPOINT);
		return verdict_drop(DROP_NO_ENDPOINT);
	}
	verdict = flow_route(skb, hook);
	return verdict == VERDICT_NEXT ? flow_commit(skb, s, careful) : verdict;
}

/*
 * True when a clash may be with a flow of another table than the new one
 * goes to. Otherwise the clash shows when the flow is stored, and the lookup
 * that would find it before can be spared.
 */
static __always_inline bool flow_tables_are_several(void)
{
	const struct control *words = control_get();

	return have_previous_flows || half_open_full() || !words ||
	       READ_WORD(words->overflow_in_use);
}

/* Counts the connection of a flow that was stored, and has its client keep the
 * backend. One in overflow is not counted as open: nobody tells of its end. */
static __always_inline void flow_count(const struct scratch *s)
{
	count_connection(s->service.id);
	backend_opened(s->backend.id);
	if (s->forward.flags & FLOW_OVERFLOW)
		backend_ended(s->backend.id, 1);
	if (s->service.affinity_sec)
		affinity_note(&s->affinity, &s->backend);
}

/*
 * Begins a flow for s->packet. VERDICT_PASS: the packet is for no service.
 * VERDICT_NEXT: the entries are there, and s->forward is the packet's.
 * VERDICT_AGAIN, only with OPEN_NO_LOOKUP: not without a look.
 */
__noinline int flow_open(struct __sk_buff *skb, __u32 hook_and_flags)
{
	struct scratch *s = scratch_get();
	__u32 hook = hook_and_flags & 1;
	__u32 careful = flow_tables_are_several();
	__u32 verdict = VERDICT_PASS;
	const struct flow *old;
	__u32 barred;

	if (!s || !client_may_begin(skb, s, hook))
		return VERDICT_PASS;
	if (!flow_may_begin(&s->packet))
		return VERDICT_PASS;
	if (!flow_service(skb, s, hook))
		return flow_unserved(skb, s, hook_and_flags);
	if (flow_is_anothers(s) && !(hook_and_flags & OPEN_OLD))
		return VERDICT_PASS;
	s->no_lookup = !!(hook_and_flags & OPEN_NO_LOOKUP);
	barred = flow_barred(s);
	if (s->no_lookup && (careful || barred || s->service.empty))
		return VERDICT_AGAIN;
	if (barred) {
		count_refusal(s->service.id, barred);
		return verdict_drop(barred);
	}
	if (s->packet.flags & PACKET_LATER_FRAGMENT)
		return verdict_drop(DROP_FRAGMENT);
	old = hook_and_flags & OPEN_OLD ? flow_find(&s->packet.tuple) : NULL;
	if (old)
		flow_remove(&s->packet.tuple, old);
	if (s->service.empty)
		return flow_refuse(skb, s, hook);
	direct_prepare(s, hook);
	/* Counted by a constant: Linux 6.1 and below take a loop whose counter
	 * they do not know for an endless one. */
	for (int i = 0; i < 2; i++) {
		verdict = flow_try(skb, s, hook, careful | i);
		if (verdict != VERDICT_AGAIN || s->no_lookup)
			break;
	}
	if (verdict == VERDICT_NEXT && !s->was_faster)
		flow_count(s);
	return verdict;
}

#endif /* SLUICE_FLOW_OPEN_H */
