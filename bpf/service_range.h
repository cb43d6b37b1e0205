/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Addresses that belong to Services (ServiceCIDR), whether or not one has them. */
#ifndef SLUICE_SERVICE_RANGE_H
#define SLUICE_SERVICE_RANGE_H

#include <stdbool.h>

#include "maps.h"
#include "word.h"

/* True when the IPv4 address is in the prefix of a word (enum service_range). */
static __always_inline bool service_range_holds(__u64 word, __be32 addr)
{
	return (((__u32)word ^ addr) | (__u32)(word >> 32)) == 0xffffffff;
}

/* False when the address is in no ServiceCIDR: see struct control. */
static __always_inline bool service_range_maybe(const struct control *words,
						const struct ip_addr *addr,
						bool is_v6)
{
	__u64 half;

	if (!is_v6)
		return service_range_holds(READ_WORD(words->service_v4[0]),
					   addr->word[3]) ||
		       service_range_holds(READ_WORD(words->service_v4[1]),
					   addr->word[3]);
	half = addr->word[0] | (__u64)addr->word[1] << 32;
	return ((half ^ READ_WORD(words->service_v6[0])) |
		READ_WORD(words->service_v6[1])) == ~0ULL;
}

#endif /* SLUICE_SERVICE_RANGE_H */
