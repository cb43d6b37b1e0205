/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The flow table over an upgrade that changes struct flow: raise
 * MAP_VERSION_FLOWS and change types.h; this file keeps the layout of the
 * version before, and how one becomes the other. Keys do not change.
 *
 * While links are switched one by one, programs of both releases run
 * (PREVIOUS_SHARED): flows of the old table are copied over when they are
 * asked for, and new flows are written to both, so that each program finds
 * every flow. Then (PREVIOUS_DRAIN) flows are moved, by the packets that ask
 * for them and by the agent (REAP_MOVE), until the old table is empty.
 */
#ifndef SLUICE_PREVIOUS_H
#define SLUICE_PREVIOUS_H

#include <stdbool.h>

#include "config.h"
#include "flow_key.h"
#include "packet.h"
#include "settings.h"
#include "word.h"

/* struct flow of version 1. */
struct flow_previous {
	struct ip_addr src;
	struct ip_addr dst;
	__be16 sport;
	__be16 dport;
	__u32 ifindex;
	__u64 last_seen;
	__u32 service;
	__u32 backend;
	__u32 backend_generation;
	__u32 tried;
	__u8 hook;
	__u8 way;
	__u8 state;
	__u8 flags;
	__u8 dmac[6];
	__u8 smac[6];
	__u64 created;
	__u32 mtu;
	__u32 socket;
	__u8 reserved[8];
};

/* The other release's table when the loader found one; else one unused entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow_key);
	__type(value, struct flow_previous);
} previous_flows SEC(".maps");

/*
 * Room for one flow on its way, apart from struct scratch, which is in use. The
 * reaper has its own: where the kernel does not keep packets from a CPU while a
 * program is test-run, one comes in between and moves its own flow.
 */
#ifndef PREVIOUS_ROOM
#define PREVIOUS_ROOM PREVIOUS_ROOM_PACKETS
#endif

enum previous_room_of {
	PREVIOUS_ROOM_PACKETS = 0,
	PREVIOUS_ROOM_REAPER = 1,
};

struct previous_room {
	struct flow_key twin_key;
	struct flow flow;
	struct flow twin;
	struct flow_previous old;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct previous_room);
} previous_rooms SEC(".maps");

static __always_inline struct previous_room *previous_room_get(void)
{
	__u32 index = PREVIOUS_ROOM;

	return bpf_map_lookup_elem(&previous_rooms, &index);
}

static __always_inline __u8 previous_mode(void)
{
	const struct settings *set = settings_get();

	return set ? READ_WORD(set->previous) : PREVIOUS_NONE;
}

/* Copies what both layouts have; one list for both directions. */
#define PREVIOUS_COPY(to, from)                                        \
	do {                                                           \
		__builtin_memset(to, 0, sizeof(*(to)));                \
		(to)->src = (from)->src;                               \
		(to)->dst = (from)->dst;                               \
		(to)->sport = (from)->sport;                           \
		(to)->dport = (from)->dport;                           \
		(to)->ifindex = (from)->ifindex;                       \
		(to)->last_seen = (from)->last_seen;                   \
		(to)->service = (from)->service;                       \
		(to)->backend = (from)->backend;                       \
		(to)->backend_generation = (from)->backend_generation; \
		(to)->tried = (from)->tried;                           \
		(to)->hook = (from)->hook;                             \
		(to)->way = (from)->way;                               \
		(to)->state = (from)->state;                           \
		(to)->flags = (from)->flags;                           \
		(to)->created = (from)->created;                       \
		(to)->mtu = (from)->mtu;                               \
		(to)->socket = (from)->socket;                         \
		__builtin_memcpy((to)->dmac, (from)->dmac,             \
				 sizeof((to)->dmac));                  \
		__builtin_memcpy((to)->smac, (from)->smac,             \
				 sizeof((to)->smac));                  \
	} while (0)

/* Forgets the old table's entry of this key. */
static __always_inline void previous_drop(const struct flow_key *key)
{
	if (previous_mode() != PREVIOUS_NONE)
		bpf_map_delete_elem(&previous_flows, key);
}

/*
 * Brings both entries of a flow over; the one asked for, or NULL. Whoever
 * moves a flow writes the new entries before it deletes the old ones: a flow
 * that is not in the old table any more may be in the new one by now.
 */
static __noinline struct flow *previous_take(const struct flow_key *key)
{
	const struct flow_previous *old;
	struct previous_room *room = previous_room_get();
	__u8 mode = previous_mode();

	if (!key || !room || mode == PREVIOUS_NONE)
		return NULL;
	old = bpf_map_lookup_elem(&previous_flows, key);
	if (!old)
		return bpf_map_lookup_elem(&flows, key);
	PREVIOUS_COPY(&room->flow, old);
	flow_twin_key(key, &room->flow, &room->twin_key);
	old = bpf_map_lookup_elem(&previous_flows, &room->twin_key);
	if (!old)
		return bpf_map_lookup_elem(&flows, key);
	PREVIOUS_COPY(&room->twin, old);
	bpf_map_update_elem(&flows, &room->twin_key, &room->twin, BPF_NOEXIST);
	bpf_map_update_elem(&flows, key, &room->flow, BPF_NOEXIST);
	if (key->direction == FLOW_FORWARD)
		in_use_note_flow(room->flow.hook, room->twin.hook);
	else
		in_use_note_flow(room->twin.hook, room->flow.hook);
	if (mode == PREVIOUS_DRAIN) {
		bpf_map_delete_elem(&previous_flows, &room->twin_key);
		bpf_map_delete_elem(&previous_flows, key);
	}
	return bpf_map_lookup_elem(&flows, key);
}

/* Lets programs of the release before see the new flow in s. */
static __always_inline void previous_share(const struct scratch *s)
{
	struct previous_room *room = previous_room_get();

	if (!room || previous_mode() != PREVIOUS_SHARED)
		return;
	PREVIOUS_COPY(&room->old, &s->reply);
	bpf_map_update_elem(&previous_flows, &s->twin_key, &room->old, BPF_ANY);
	PREVIOUS_COPY(&room->old, &s->forward);
	bpf_map_update_elem(&previous_flows, &s->packet.tuple, &room->old,
			    BPF_ANY);
}

#endif /* SLUICE_PREVIOUS_H */
