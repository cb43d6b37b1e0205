/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From an address, port and protocol to the set of backends that serve it. */
#ifndef SLUICE_SERVICE_H
#define SLUICE_SERVICE_H

#include <stdbool.h>

#include "maps.h"
#include "word.h"

/* What a frontend leads to: a service and the set that its clients get. */
struct service_ref {
	__u64 set;   /* enum set_word; count 0: see empty */
	__u32 id;    /* service id */
	__u32 empty; /* enum set_empty, when set has no backends */
};

/* Why a set has no backends, which decides the answer (kube-proxy's rule). */
enum set_empty {
	SET_NOT_EMPTY = 0,
	SET_EMPTY_SERVICE = 1, /* no endpoint anywhere: reject */
	SET_EMPTY_LOCAL = 2,   /* only the other set has some: drop */
};

/* Fills ref with the sets of service id; false when there is no such one. */
static __always_inline bool service_resolve(__u32 id, __u32 flags,
					    struct service_ref *ref)
{
	const struct service *service = bpf_map_lookup_elem(&services, &id);
	__u64 cluster, local, other;

	if (!service || !(READ_WORD(service->flags) & SERVICE_PRESENT))
		return false;
	cluster = READ_WORD(service->cluster_set);
	local = READ_WORD(service->local_set);
	ref->id = id;
	ref->set = flags & FRONTEND_LOCAL_SET ? local : cluster;
	other = flags & FRONTEND_LOCAL_SET ? cluster : local;
	ref->empty = SET_NOT_EMPTY;
	if (WORD_FIELD(ref->set, SET_COUNT) == 0)
		ref->empty = WORD_FIELD(other, SET_COUNT) ? SET_EMPTY_LOCAL :
							    SET_EMPTY_SERVICE;
	return true;
}

/*
 * Looks up a frontend; false when the tuple is none. Ask filter_maybe()
 * first: this is a hash lookup.
 */
static __always_inline bool service_lookup(const struct frontend_key *key,
					   struct service_ref *ref)
{
	const struct frontend *frontend = bpf_map_lookup_elem(&frontends, key);
	__u64 word;

	if (!frontend)
		return false;
	word = READ_WORD(frontend->word);
	return service_resolve(WORD_FIELD(word, FRONTEND_SERVICE),
			       WORD_FIELD(word, FRONTEND_FLAGS), ref);
}

#endif /* SLUICE_SERVICE_H */
