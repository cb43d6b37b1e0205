/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The filter in front of every hash lookup. A bit says that some tuple with
 * this hash may be ours; a clear bit says that none is. filter_hash() has a
 * twin in src/plan/filter-hash.ts and test/bpf proves both equal.
 */
#ifndef SLUICE_FILTER_H
#define SLUICE_FILTER_H

#include <stdbool.h>

#include "maps.h"
#include "settings.h"
#include "word.h"

/* All arithmetic modulo 2^32; addresses and ports as little-endian loads of
 * their network order bytes. */
static __always_inline __u32 filter_hash(const struct ip_addr *addr,
					 __be16 port, __u8 proto, __u32 kind)
{
	__u32 hash = kind * 0x9e3779b1u ^ port ^ (__u32)proto << 16;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		hash = (hash ^ addr->word[i]) * 0x85ebca6bu;
		hash ^= hash >> 13;
	}
	return hash ^ hash >> 16;
}

/* False: no frontend, backend or tombstone (by kind, enum filter_kind) has
 * this tuple. True: one may. */
static __always_inline bool filter_maybe(const struct ip_addr *addr,
					 __be16 port, __u8 proto, __u32 kind)
{
	const struct settings *set = settings_get();
	const struct filter_word *word;
	__u32 bit, index;

	if (!set)
		return false;
	bit = filter_hash(addr, port, proto, kind) & set->filter_mask;
	index = bit >> 6;
	word = bpf_map_lookup_elem(&filter, &index);
	return word && READ_WORD(word->bits) >> (bit & 63) & 1;
}

#endif /* SLUICE_FILTER_H */
