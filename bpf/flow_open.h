/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A new flow: service, backend, way, entries. */
#ifndef SLUICE_FLOW_OPEN_H
#define SLUICE_FLOW_OPEN_H

#include "answer.h"
#include "direct.h"
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
	struct tombstone_key left = {};
	struct frontend_key key = {};

	if (packet->flags & PACKET_TO_FRONTEND) {
		key.addr = packet->tuple.dst;
		key.port = packet->tuple.dport;
		key.proto = packet->tuple.proto;
		key.scope = hook == HOOK_INGRESS &&
					    s->client.kind == DEVICE_UPLINK ?
				    SCOPE_EXTERNAL :
				    SCOPE_INTERNAL;
		if (service_lookup(&key, &s->service))
			return true;
	}
	if (!(packet->flags & PACKET_TO_TOMBSTONE))
		return false;
	left.addr = packet->tuple.dst;
	left.port = packet->tuple.dport;
	left.proto = packet->tuple.proto;
	return bpf_map_lookup_elem(&tombstones, &left) &&
	       sender_service(skb, packet, &s->service);
}

/*
 * Picks s->backend. Carefully: so that its replies cannot be taken for those
 * of another live flow of the same client port. In any case so that they
 * cannot be taken for those of a direct connection (s->ask_sockets). After
 * BACKEND_PICKS clashes the last pick stays and the flow gets a port of its
 * own (FLOW_PORT_CHANGED).
 */
__noinline int flow_pick(struct __sk_buff *skb, __u32 careful)
{
	struct scratch *s = scratch_get();

	if (!s || !skb)
		return false;
	for (int i = 0; i < BACKEND_PICKS; i++) {
		if (!backend_pick(s->service.set, &s->backend))
			return false;
		s->forward.dst = s->backend.addr;
		s->forward.dport = s->backend.port;
		if (!(careful || s->ask_sockets) ||
		    address_equal(&s->backend.addr, &s->packet.tuple.src))
			return true;
		flow_twin_key(&s->packet.tuple, &s->forward, &s->twin_key);
		if ((!careful || flow_twin_free(s)) && !direct_clash(skb))
			return true;
	}
	s->forward.flags |= FLOW_PORT_CHANGED;
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

		if (other) {
			s->forward = *other;
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

/* The answer to a packet for a service without usable backends. */
static __always_inline __u32 flow_refuse(struct __sk_buff *skb,
					 const struct scratch *s, __u32 hook)
{
	__u32 reason = s->service.empty == SET_EMPTY_LOCAL ?
			       DROP_NO_LOCAL_ENDPOINT :
			       DROP_NO_ENDPOINT;

	count_refusal(s->service.id, reason);
	if (reason == DROP_NO_LOCAL_ENDPOINT)
		return verdict_drop(reason);
	return answer_send(skb, hook | ANSWER_UNREACHABLE << 1, 0, reason);
}

/*
 * Copies the device the packet is at; false when its packets may not begin
 * a flow here: unknown devices, and at egress everything that was not sent
 * by the node itself. Its packets for a frontend leave by uplinks or lo;
 * those of a connected socket leave by the device of the backend that left.
 */
static __always_inline bool flow_client(struct __sk_buff *skb,
					struct scratch *s, __u32 hook)
{
	__u32 ifindex = skb->ifindex;
	const struct device *device = bpf_map_lookup_elem(&devices, &ifindex);

	if (!device)
		return false;
	s->client = *device;
	return hook == HOOK_INGRESS ||
	       (skb->ingress_ifindex == 0 &&
		(device->kind != DEVICE_POD ||
		 s->packet.flags & PACKET_TO_TOMBSTONE));
}

/* Picks, routes and stores; a verdict, VERDICT_AGAIN when a pick that was not
 * careful clashes with another flow. */
static __always_inline __u32 flow_try(struct __sk_buff *skb, struct scratch *s,
				      __u32 hook, __u32 careful)
{
	__u32 verdict;

	flow_prepare(s, flow_socket(skb, s, hook));
	if (!flow_pick(skb, careful)) {
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

/*
 * Begins a flow for s->packet; 2 is added to the hook when there may be an old
 * one, which is over. VERDICT_PASS: the packet is for no service.
 * VERDICT_NEXT: the entries are there, and s->forward is the packet's.
 */
__noinline int flow_open(struct __sk_buff *skb, __u32 hook_and_old)
{
	struct scratch *s = scratch_get();
	__u32 hook = hook_and_old & 1;
	__u32 careful = flow_tables_are_several();
	__u32 verdict = VERDICT_PASS;
	const struct flow *old;

	if (!s || !flow_client(skb, s, hook) || !flow_service(skb, s, hook))
		return VERDICT_PASS;
	if (s->packet.flags & PACKET_LATER_FRAGMENT)
		return verdict_drop(DROP_FRAGMENT);
	old = hook_and_old & 2 ? flow_find(&s->packet.tuple) : NULL;
	if (old)
		flow_remove(&s->packet.tuple, old);
	if (s->service.empty)
		return flow_refuse(skb, s, hook);
	direct_prepare(s, hook);
	for (; careful < 2; careful++) {
		verdict = flow_try(skb, s, hook, careful);
		if (verdict != VERDICT_AGAIN)
			break;
	}
	if (verdict == VERDICT_NEXT) {
		count_connection(s->service.id);
		backend_opened(s->backend.id);
	}
	return verdict;
}

#endif /* SLUICE_FLOW_OPEN_H */
