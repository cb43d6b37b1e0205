/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Writing a new flow's two entries, with or without a port to find. */
#ifndef SLUICE_FLOW_STORE_H
#define SLUICE_FLOW_STORE_H

#include <asm/errno.h>

#include <stdbool.h>

#include "direct.h"
#include "flow.h"
#include "packet.h"

/* So many ports are tried for a flow, one after the other: a smaller range is
 * searched whole, a larger one as far as the kernel's own NAT goes (240, see
 * nf_nat_l4proto_unique_tuple()). What a packet may cost has to have an end. */
enum masquerade_limit {
	MASQUERADE_TRIES = 256,
};

/*
 * True when no live flow holds s->twin_key; a holder that is over is removed.
 * Two flows to one backend from one client port would share it.
 */
static __noinline bool flow_twin_free(struct scratch *s)
{
	const struct flow *holder;

	if (!s)
		return false;
	holder = flow_find(&s->twin_key);
	if (!holder)
		return true;
	if (!flow_done(&s->twin_key, holder))
		return false;
	flow_remove(&s->twin_key, holder);
	return true;
}

/*
 * Reply first, so that no reply ever finds half a flow; their note comes last,
 * see enum in_use. The error is an int: below 6.4 the upper half of what map
 * helpers return is not its sign.
 */
static __always_inline int flow_store_in(void *table, struct scratch *s)
{
	int err = bpf_map_update_elem(table, &s->twin_key, &s->reply,
				      BPF_NOEXIST);

	if (err)
		return err;
	err = bpf_map_update_elem(table, &s->packet.tuple, &s->forward,
				  BPF_NOEXIST);
	if (err)
		bpf_map_delete_elem(table, &s->twin_key);
	else
		in_use_note_flow(s->forward.hook, s->reply.hook);
	return err;
}

/* True when one more half-open flow has to go to overflow. */
static __always_inline bool half_open_full(void)
{
	const struct settings *set = settings_get();
	const struct control *words = control_get();

	return set && words && set->half_open_max &&
	       (__s64)READ_WORD(words->half_open) >= (__s64)set->half_open_max;
}

/* Says in both entries where they are stored. */
static __always_inline void flow_set_place(struct scratch *s, __u8 flag)
{
	s->forward.flags &= ~(FLOW_HALF_OPEN | FLOW_OVERFLOW);
	s->forward.flags |= flag;
	s->reply.flags = s->forward.flags;
}

/*
 * Stores both entries; 0, -EEXIST, or what overflow answered. Flows in
 * overflow are not counted as half open: it forgets them without telling.
 */
__noinline int flow_store(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	bool has_states;
	struct control *words = control_get();
	int err;

	if (!s || !words || !skb)
		return -ENOMEM;
	has_states = packet_has_states(&s->packet);
	if (!(has_states && half_open_full())) {
		flow_set_place(s, has_states ? FLOW_HALF_OPEN : 0);
		err = flow_store_in(&flows, s);
		if (!err && has_states)
			half_open_add(1);
		if (!err || err == -EEXIST)
			goto out;
	}
	in_use_note(&words->overflow_in_use);
	flow_set_place(s, FLOW_OVERFLOW);
	err = flow_store_in(&overflow, s);
	in_use_note(&words->overflow_in_use);
out:
	if (!err && have_previous_flows)
		previous_share(s);
	return err;
}

/* Stores both entries behind this source port (host byte order); -EADDRINUSE
 * when it is taken. */
__noinline int masquerade_try(struct __sk_buff *skb, __u32 port)
{
	struct scratch *s = scratch_get();
	int err;

	if (!s || !skb)
		return -ENOMEM;
	s->forward.sport = bpf_htons(port);
	flow_twin_key(&s->packet.tuple, &s->forward, &s->twin_key);
	if (!flow_twin_free(s) || direct_clash(skb))
		return -EADDRINUSE;
	err = flow_store(skb);
	return err == -EEXIST ? -EADDRINUSE : err;
}

/* Stores both entries behind a free source port of the range, the client's own
 * if that is one; -EADDRINUSE when every tried one is taken. */
__noinline int masquerade_store(struct __sk_buff *skb)
{
	const struct settings *set = settings_get();
	struct scratch *s = scratch_get();
	__u32 first, span, begin;
	int err = -EADDRINUSE;

	if (!set || !s)
		return -ENOMEM;
	first = set->masquerade_port_first;
	span = set->masquerade_port_last - first + 1;
	if (!first || span > 65536)
		return -EADDRINUSE;
	begin = bpf_ntohs(s->packet.tuple.sport) - first;
	if (begin < span)
		err = masquerade_try(skb, first + begin);
	if (err != -EADDRINUSE)
		return err;
	begin = bpf_get_prandom_u32() % span;
	for (__u32 i = 0; i < MASQUERADE_TRIES; i++) {
		if (i >= span)
			break;
		err = masquerade_try(skb, first + (begin + i) % span);
		if (err != -EADDRINUSE)
			break;
	}
	return err;
}

/* Moves the established flow in s->forward from overflow to flows when there is
 * room. Its entry in overflow may be another flow's afterwards. */
static __noinline void flow_promote(const struct flow_key *key,
				    struct scratch *s)
{
	const struct flow *twin;

	if (!key || !s)
		return;
	flow_twin_key(key, &s->forward, &s->twin_key);
	twin = bpf_map_lookup_elem(&overflow, &s->twin_key);
	if (!twin)
		return;
	s->reply = *twin;
	s->forward.flags &= ~FLOW_OVERFLOW;
	s->reply.flags &= ~FLOW_OVERFLOW;
	if (flow_store_in(&flows, s))
		return;
	backend_ended(s->forward.backend, -1);
	bpf_map_delete_elem(&overflow, key);
	bpf_map_delete_elem(&overflow, &s->twin_key);
}

#endif /* SLUICE_FLOW_STORE_H */
