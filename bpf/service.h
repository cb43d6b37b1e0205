/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From an address, port and protocol to the set of backends that serve it. */
#ifndef SLUICE_SERVICE_H
#define SLUICE_SERVICE_H

#include <stdbool.h>

#include "maps.h"
#include "word.h"

/* What a frontend leads to: a service and the set that its clients get. */
struct service_ref {
	__u64 set;          /* enum set_word; count 0: see empty */
	__u32 id;           /* service id */
	__u32 flags;        /* enum frontend_flag */
	__u32 empty;        /* enum set_empty, when set has no backends */
	__u32 affinity_sec; /* 0: a client may get any backend each time */
};

/* Why a set has no backends, which decides the answer (kube-proxy's rule). */
enum set_empty {
	SET_NOT_EMPTY = 0,
	SET_EMPTY_SERVICE = 1, /* no endpoint anywhere: reject */
	SET_EMPTY_LOCAL = 2,   /* the local one, the cluster's has some: drop */
};

/* Fills ref with the sets of service id; false when there is no such one. */
static __always_inline bool service_resolve(__u32 id, __u32 flags,
					    struct service_ref *ref)
{
	const struct service *service = bpf_map_lookup_elem(&services, &id);
	__u64 cluster, local;

	if (!service || !(READ_WORD(service->flags) & SERVICE_PRESENT))
		return false;
	cluster = READ_WORD(service->cluster_set);
	local = READ_WORD(service->local_set);
	ref->id = id;
	ref->flags = flags;
	ref->affinity_sec = READ_WORD(service->affinity_sec);
	ref->set = flags & FRONTEND_LOCAL_SET ? local : cluster;
	ref->empty = SET_NOT_EMPTY;
	if (WORD_FIELD(ref->set, SET_COUNT) == 0)
		ref->empty = flags & FRONTEND_LOCAL_SET &&
					     WORD_FIELD(cluster, SET_COUNT) ?
				     SET_EMPTY_LOCAL :
				     SET_EMPTY_SERVICE;
	return true;
}

/* What is said of the key's address as a whole: FRONTEND_ADDRESS, FRONTEND_ECHO. */
static __always_inline __u32 service_address_flags(struct frontend_key *key)
{
	const struct frontend *frontend;

	key->port = 0;
	key->proto = 0;
	frontend = bpf_map_lookup_elem(&frontends, key);
	return frontend ?
		       WORD_FIELD(READ_WORD(frontend->word), FRONTEND_FLAGS) :
		       0;
}

/*
 * Looks up a frontend; false when the tuple is none. Ask the filter first:
 * this is a hash lookup.
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
