/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Picking a backend of a set, reading one consistently, and liveness. */
#ifndef SLUICE_BACKEND_H
#define SLUICE_BACKEND_H

#include <stdbool.h>

#include "maps.h"
#include "service.h"
#include "word.h"

enum backend_limit {
	BACKEND_PICKS = 4, /* slots tried when the first is just leaving */
};

/* A consistent copy of what a flow or a socket needs of a backend. */
struct backend_ref {
	struct ip_addr addr;
	__be16 port;
	__u8 flags; /* enum backend_flag */
	__u8 pad;
	__u32 id;
	__u32 generation;
	__u32 slot; /* where in its set it was found */
};

/* True while id still stands for the endpoint it had at this generation. */
static __always_inline bool backend_alive(__u32 id, __u32 generation)
{
	const struct backend *backend = bpf_map_lookup_elem(&backends, &id);
	__u32 word;

	if (!backend)
		return false;
	word = READ_WORD(backend->word);
	return WORD_FIELD(word, BACKEND_STATE) != BACKEND_GONE &&
	       WORD_FIELD(word, BACKEND_GENERATION) == generation;
}

/*
 * Copies backend id; false when it is gone or changed during the copy. The
 * writer clears word first and publishes it last, so equal words around the
 * copy mean a whole copy.
 */
static __always_inline bool backend_read(__u32 id, struct backend_ref *ref)
{
	const struct backend *backend = bpf_map_lookup_elem(&backends, &id);
	__u32 before, after;

	if (!backend)
		return false;
	before = READ_WORD(backend->word);
	COMPILER_BARRIER();
	ref->addr = backend->addr;
	ref->port = backend->port;
	ref->flags = backend->flags;
	COMPILER_BARRIER();
	after = READ_WORD(backend->word);
	ref->pad = 0;
	ref->id = id;
	ref->generation = WORD_FIELD(before, BACKEND_GENERATION);
	return before == after &&
	       WORD_FIELD(before, BACKEND_STATE) != BACKEND_GONE;
}

/* A backend of the set, each slot as likely; false when none could be read. */
static __always_inline bool backend_pick(__u64 set, struct backend_ref *ref)
{
	__u32 base = WORD_FIELD(set, SET_BASE);
	__u32 count = WORD_FIELD(set, SET_COUNT);

	if (count == 0)
		return false;
	for (int i = 0; i < BACKEND_PICKS; i++) {
		__u32 at = bpf_get_prandom_u32() % count;
		__u32 index = base + at;
		const struct slot *slot = bpf_map_lookup_elem(&slots, &index);

		ref->slot = at;
		if (slot && backend_read(READ_WORD(slot->backend), ref))
			return true;
	}
	return false;
}

/* Counts a connection that begins. */
static __always_inline void backend_opened(__u32 id)
{
	struct backend_stats *stats = bpf_map_lookup_elem(&backend_stats, &id);

	if (stats)
		__sync_fetch_and_add(&stats->connections, 1);
}

/* Counts so many connections that end. */
static __always_inline void backend_ended(__u32 id, __s64 count)
{
	struct backend_stats *stats = bpf_map_lookup_elem(&backend_stats, &id);

	if (stats)
		__sync_fetch_and_add(&stats->closed, count);
}

#endif /* SLUICE_BACKEND_H */
