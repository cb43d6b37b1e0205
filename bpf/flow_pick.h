/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A new flow's backend. */
#ifndef SLUICE_FLOW_PICK_H
#define SLUICE_FLOW_PICK_H

#include <stdbool.h>

#include "affinity.h"
#include "backend.h"
#include "direct.h"
#include "flow_store.h"
#include "packet.h"

/* True when replies of s->backend cannot be taken for those of another flow of
 * the client's port; see flow_pick(). */
static __always_inline bool flow_fits(struct __sk_buff *skb, struct scratch *s,
				      __u32 careful)
{
	s->forward.dst = s->backend.addr;
	s->forward.dport = s->backend.port;
	if (!(careful || s->ask_sockets) ||
	    address_equal(&s->backend.addr, &s->packet.tuple.src))
		return true;
	flow_twin_key(&s->packet.tuple, &s->forward, &s->twin_key);
	return (!careful || flow_twin_free(s)) && !direct_clash(skb);
}

/* Sets s->backend to the one that the client had; false: it may get any. */
static __always_inline bool flow_pick_again(struct scratch *s)
{
	if (!s->service.affinity_sec)
		return false;
	affinity_key_address(&s->affinity, s->service.id, &s->packet.tuple.src);
	return affinity_pick(&s->service, &s->affinity, &s->backend);
}

/*
 * Picks s->backend. Carefully: so that its replies cannot be taken for those
 * of another live flow of the same client port. In any case so that they
 * cannot be taken for those of a direct connection (s->ask_sockets). After
 * BACKEND_PICKS clashes the last pick stays and the flow gets a port of its
 * own (FLOW_PORT_CHANGED); at once for a client that has to stay with it.
 */
__noinline int flow_pick(struct __sk_buff *skb, __u32 careful)
{
	struct scratch *s = scratch_get();
	bool again;

	if (!s || !skb)
		return false;
	again = flow_pick_again(s);
	for (int i = 0; i < BACKEND_PICKS; i++) {
		if (!again && !backend_pick(s->service.set, &s->backend))
			return false;
		if (flow_fits(skb, s, careful))
			return true;
		if (again)
			break;
	}
	s->forward.flags |= FLOW_PORT_CHANGED;
	return true;
}

#endif /* SLUICE_FLOW_PICK_H */
