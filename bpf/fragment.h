/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Ports of fragmented datagrams, learnt from the first fragment. */
#ifndef SLUICE_FRAGMENT_H
#define SLUICE_FRAGMENT_H

#include <stdbool.h>

#include "packet.h"

static __always_inline void fragment_key_of(const struct packet *packet,
					    struct fragment_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->src = packet->tuple.src;
	key->dst = packet->tuple.dst;
	key->id = packet->fragment_id;
	key->proto = packet->tuple.proto;
}

/* Gives a later fragment its ports; false when its first one was not seen. */
static __noinline bool fragment_recall(struct packet *packet)
{
	const struct fragment *known;
	struct fragment_key key;

	if (!packet)
		return false;
	fragment_key_of(packet, &key);
	known = bpf_map_lookup_elem(&fragments, &key);
	if (!known)
		return false;
	packet->tuple.sport = known->sport;
	packet->tuple.dport = known->dport;
	return true;
}

/* Remembers the ports of a first fragment; false when that failed. */
static __noinline bool fragment_remember(const struct packet *packet)
{
	struct fragment ports = {};
	struct fragment_key key;

	if (!packet)
		return false;
	ports.sport = packet->tuple.sport;
	ports.dport = packet->tuple.dport;
	fragment_key_of(packet, &key);
	return bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY) == 0;
}

#endif /* SLUICE_FRAGMENT_H */
