/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The filter in front of every hash lookup. A bit says that some tuple, or
 * some address, with this hash may be ours; a clear bit says that none is. The
 * hashes have twins in src/plan/filter-hash.ts and test/bpf proves both equal.
 */
#ifndef SLUICE_FILTER_H
#define SLUICE_FILTER_H

#include <stdbool.h>

#include "config.h"
#include "maps.h"
#include "word.h"

/* All arithmetic modulo 2^32; addresses and ports as little-endian loads of
 * their network order bytes. */
static __always_inline __u32 filter_mix(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * 0x85ebca6bu;
	return hash ^ hash >> 13;
}

/* What the hashes of one address have in common: the compiler does it once for
 * several questions, and beforehand what is the same of all IPv4 addresses. */
static __always_inline __u32 filter_mix_address(const struct ip_addr *addr)
{
	__u32 hash = 0;

#pragma unroll
	for (int i = 0; i < 4; i++)
		hash = filter_mix(hash, addr->word[i]);
	return hash;
}

static __always_inline __u32 filter_finish(__u32 hash)
{
	return hash ^ hash >> 16;
}

static __always_inline __u32 filter_hash_address(const struct ip_addr *addr)
{
	return filter_finish(filter_mix_address(addr));
}

static __always_inline __u32 filter_hash(const struct ip_addr *addr,
					 __be16 port, __u8 proto, __u32 kind)
{
	__u32 hash = filter_mix_address(addr);

	return filter_finish(filter_mix(hash, kind * 0x9e3779b1u ^ port ^
						      (__u32)proto << 16));
}

static __always_inline bool filter_has(__u32 hash)
{
	__u32 bit = hash & filter_mask;
	__u32 index = bit >> 6;
	const struct filter_word *word = bpf_map_lookup_elem(&filter, &index);

	return word && READ_WORD(word->bits) >> (bit & 63) & 1;
}

/* False: no frontend and no tombstone has this address. True: one may. */
static __always_inline bool filter_maybe_address(const struct ip_addr *addr)
{
	return filter_has(filter_hash_address(addr));
}

/* False: no frontend, backend or tombstone (by kind, enum filter_kind) has
 * this tuple. True: one may. */
static __always_inline bool filter_maybe(const struct ip_addr *addr,
					 __be16 port, __u8 proto, __u32 kind)
{
	return filter_has(filter_hash(addr, port, proto, kind));
}

#endif /* SLUICE_FILTER_H */
