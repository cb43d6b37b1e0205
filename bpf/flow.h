/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The flow table: finding, ageing, state, removal. Creation: flow_open.h. */
#ifndef SLUICE_FLOW_H
#define SLUICE_FLOW_H

#include <linux/in.h>

#include <stdbool.h>

#include "address.h"
#include "backend.h"
#include "flow_key.h"
#include "maps.h"
#include "packet.h"
#include "previous.h"
#include "settings.h"

/* One hash lookup; further ones only after an upgrade that changed the layout
 * of flows, and while overflow is in use. */
static __always_inline struct flow *flow_find(const struct flow_key *key)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key);
	const struct control *words;

	if (!flow && have_previous_flows)
		flow = previous_take(key);
	if (flow)
		return flow;
	words = control_get();
	if (!words || !READ_WORD(words->overflow_in_use))
		return NULL;
	return bpf_map_lookup_elem(&overflow, key);
}

/* The enum timeout of protocols other than TCP. SCTP's handshakes and ends are
 * like TCP's. */
static __always_inline __u32 flow_other_timeout(__u8 proto, __u8 state)
{
	if (proto == IPPROTO_UDP)
		return state == FLOW_SYN_SENT ? TIMEOUT_UDP :
						TIMEOUT_UDP_STREAM;
	return state == FLOW_ESTABLISHED || state == FLOW_CLOSING ?
		       TIMEOUT_SCTP :
		       state & 3;
}

/* Jiffies that a flow of this protocol and state may be silent. */
static __always_inline __u64 flow_timeout(const struct settings *set,
					  __u8 proto, __u8 state)
{
	__u32 index = state & 3;

	if (proto != IPPROTO_TCP)
		index = flow_other_timeout(proto, state);
	return set->timeout[index & 7];
}

/* last_seen of another CPU may be ahead of this CPU's jiffies: not stale. */
static __always_inline bool flow_stale(const struct flow *flow, __u8 proto)
{
	__s64 age = bpf_jiffies64() - flow->last_seen;
	const struct settings *set;

	if (age <= 0)
		return false;
	set = settings_get();
	return set &&
	       age > (__s64)flow_timeout(set, proto, READ_WORD(flow->state));
}

/* True when neither direction was seen within the timeout. */
static __noinline bool flow_expired(const struct flow_key *key,
				    const struct flow *flow)
{
	const struct flow *twin;
	struct flow_key twin_key;

	if (!key || !flow || !flow_stale(flow, key->proto))
		return false;
	flow_twin_key(key, flow, &twin_key);
	twin = flow_find(&twin_key);
	return !twin || flow_stale(twin, key->proto);
}

/* Deletes from whichever table has it; true for the one caller that did. */
static __always_inline bool flow_delete(const struct flow_key *key)
{
	if (have_previous_flows)
		previous_drop(key);
	return bpf_map_delete_elem(&flows, key) == 0 ||
	       bpf_map_delete_elem(&overflow, key) == 0;
}

static __always_inline void half_open_add(__s64 count)
{
	struct control *words = control_get();

	if (words)
		__sync_fetch_and_add(&words->half_open, count);
}

/*
 * Removes both entries of a flow, named by either; returns how many were
 * there. Only the caller that wins the deletion of the forward entry counts
 * the end of the connection.
 */
static __noinline __u32 flow_remove(const struct flow_key *key,
				    const struct flow *flow)
{
	struct flow_key twin;
	__u32 backend, removed = 0;
	bool half_open, counted, own, other;

	if (!key || !flow)
		return 0;
	flow_twin_key(key, flow, &twin);
	backend = flow->backend;
	half_open = flow->flags & FLOW_HALF_OPEN;
	counted = !(flow->flags & FLOW_OVERFLOW);
	own = flow_delete(key);
	other = flow_delete(&twin);
	if (key->direction == FLOW_FORWARD ? own : other) {
		if (counted)
			backend_ended(backend, 1);
		if (half_open)
			half_open_add(-1);
	}
	removed += own;
	removed += other;
	return removed;
}

/* True when a connection that its client begins anew, with the same tuple, may
 * take the flow's place: the client knows that the old one is over. */
static __always_inline bool flow_over(const struct flow_key *key,
				      const struct flow *flow)
{
	return READ_WORD(flow->state) >= FLOW_CLOSING ||
	       flow_expired(key, flow);
}

/* True when another flow may take the tuple: what is half closed is in use. */
static __always_inline bool flow_done(const struct flow_key *key,
				      const struct flow *flow)
{
	return READ_WORD(flow->state) == FLOW_CLOSED || flow_expired(key, flow);
}

/*
 * True when a packet of this forward entry goes on with it. False: the entry
 * is over, or its backend left and the protocol allows another one.
 */
static __always_inline bool flow_serves(const struct packet *packet,
					const struct flow *flow)
{
	bool is_syn = packet_is_syn(packet);
	__u8 state = READ_WORD(flow->state);

	if (is_syn && state >= FLOW_CLOSING)
		return false;
	if (flow_stale(flow, packet->tuple.proto) &&
	    flow_expired(&packet->tuple, flow))
		return false;
	if (flow->flags & FLOW_DIRECT ||
	    backend_alive(flow->backend, flow->backend_generation))
		return true;
	return packet_has_states(packet) && !(is_syn && state == FLOW_SYN_SENT);
}

/*
 * The state after a packet of this direction; flags gains what it showed. An
 * answer alone establishes no TCP flow: backends answer forged SYNs, too. The
 * same holds of SCTP and INIT.
 */
static __always_inline __u8 flow_next_state(const struct packet *packet,
					    __u8 state, __u8 *flags)
{
	bool is_reply = packet->tuple.direction == FLOW_REPLY;

	if (packet->tcp_flags & TCP_RST)
		return FLOW_CLOSED;
	if (packet->tcp_flags & TCP_FIN) {
		*flags |= is_reply ? FLOW_FIN_REPLY : FLOW_FIN_FORWARD;
		if (*flags & FLOW_FIN_REPLY && *flags & FLOW_FIN_FORWARD)
			return FLOW_CLOSED;
		return state > FLOW_CLOSING ? state : FLOW_CLOSING;
	}
	if (state != FLOW_SYN_SENT)
		return state;
	if (!packet_has_states(packet))
		return is_reply ? FLOW_ESTABLISHED : FLOW_SYN_SENT;
	if (is_reply)
		*flags |= FLOW_REPLIED;
	else if (*flags & FLOW_REPLIED && !(packet->tcp_flags & TCP_SYN))
		return FLOW_ESTABLISHED;
	return FLOW_SYN_SENT;
}

/* Writes a change of state to both entries. */
static __noinline void flow_advance(const struct packet *packet,
				    struct flow *flow)
{
	struct flow_key twin_key;
	struct flow *twin;
	__u8 flags, state;

	if (!packet || !flow)
		return;
	flags = flow->flags;
	state = flow_next_state(packet, flow->state, &flags);
	if (flags & FLOW_HALF_OPEN && state != FLOW_SYN_SENT) {
		flags &= ~FLOW_HALF_OPEN;
		half_open_add(-1);
	}
	flow->state = state;
	flow->flags = flags;
	flow_twin_key(&packet->tuple, flow, &twin_key);
	twin = flow_find(&twin_key);
	if (!twin)
		return;
	twin->state = state;
	twin->flags = flags;
}

/* Takes note of a packet that the flow translates. */
static __always_inline void flow_see(const struct packet *packet,
				     struct flow *flow)
{
	__u64 now = bpf_jiffies64();

	if (flow->last_seen != now)
		flow->last_seen = now;
	if (packet->tcp_flags & (TCP_FIN | TCP_RST) ||
	    (flow->state == FLOW_SYN_SENT &&
	     (packet->tuple.direction == FLOW_REPLY ||
	      flow->flags & FLOW_REPLIED)))
		flow_advance(packet, flow);
}

#endif /* SLUICE_FLOW_H */
