/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Session affinity by client (sessionAffinity ClientIP): a client that comes
 * again in time gets the backend that it had. The time counts from the last
 * connection that began, not from its last packet, as with kube-proxy.
 */
#ifndef SLUICE_AFFINITY_H
#define SLUICE_AFFINITY_H

#include <stdbool.h>

#include "backend.h"
#include "maps.h"
#include "service.h"
#include "settings.h"

enum affinity_limit {
	AFFINITY_SEARCH =
		256, /* slots in which a backend that moved is sought */
};

static __always_inline void affinity_key_address(struct affinity_key *key,
						 __u32 service,
						 const struct ip_addr *client)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->client = *client;
	key->service = service;
	key->kind = AFFINITY_ADDRESS;
}

/* For sockets, which have no address yet: all of a network namespace share. */
static __always_inline void
affinity_key_netns(struct affinity_key *key, __u32 service, __u64 netns_cookie)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->client.word[0] = netns_cookie;
	key->client.word[1] = netns_cookie >> 32;
	key->service = service;
	key->kind = AFFINITY_NETNS;
}

/*
 * Where in the set the backend is, -1: it is not in it. A policy or topology
 * may have taken it out of this frontend's set while it serves others. Of a
 * set above AFFINITY_SEARCH, one that has moved beyond is taken to be there:
 * then all that is known is that it lives.
 */
__noinline int affinity_slot(__u64 set, __u32 backend, __u32 hint)
{
	__u32 base = WORD_FIELD(set, SET_BASE);
	__u32 count = WORD_FIELD(set, SET_COUNT);
	__u32 index = base + hint;
	const struct slot *slot = bpf_map_lookup_elem(&slots, &index);

	if (hint < count && slot && READ_WORD(slot->backend) == backend)
		return hint;
	for (__u32 i = 0; i < AFFINITY_SEARCH; i++) {
		if (i >= count)
			return -1;
		index = base + i;
		slot = bpf_map_lookup_elem(&slots, &index);
		if (slot && READ_WORD(slot->backend) == backend)
			return i;
	}
	return count > AFFINITY_SEARCH ? (int)(hint & 0xffff) : -1;
}

static __always_inline bool affinity_fresh(const struct affinity *known,
					   __u32 affinity_sec)
{
	__s64 age = bpf_jiffies64() - READ_WORD(known->last_used);
	const struct settings *set = settings_get();

	return set && age < (__s64)affinity_sec * set->hz;
}

/* Fills ref with the backend that the client had; false: it may get any. Only
 * of services with affinity. */
static __always_inline bool affinity_pick(const struct service_ref *service,
					  const struct affinity_key *key,
					  struct backend_ref *ref)
{
	const struct affinity *known = bpf_map_lookup_elem(&affinity, key);
	__u32 generation;
	int slot;

	if (!known || !affinity_fresh(known, service->affinity_sec))
		return false;
	generation = known->backend_generation;
	slot = affinity_slot(service->set, known->backend, known->slot);
	if (slot < 0 || !backend_read(known->backend, ref))
		return false;
	ref->slot = slot;
	return ref->generation == generation;
}

/* Notes that a connection of the client began with this backend. */
static __always_inline void affinity_note(const struct affinity_key *key,
					  const struct backend_ref *backend)
{
	struct affinity value = {
		.backend = backend->id,
		.backend_generation = backend->generation,
		.last_used = bpf_jiffies64(),
		.slot = backend->slot,
	};

	bpf_map_update_elem(&affinity, key, &value, BPF_ANY);
}

#endif /* SLUICE_AFFINITY_H */
