/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The one address type: making, comparing, copying. */
#ifndef SLUICE_ADDRESS_H
#define SLUICE_ADDRESS_H

#include <linux/types.h>

#include <bpf/bpf_endian.h>

#include <stdbool.h>

#include "types.h"

/* ::ffff:a.b.c.d of an IPv4 address in network order. */
static __always_inline void address_set_v4(struct ip_addr *addr, __be32 v4)
{
	addr->word[0] = 0;
	addr->word[1] = 0;
	addr->word[2] = bpf_htonl(0xffff);
	addr->word[3] = v4;
}

static __always_inline void address_set_v6(struct ip_addr *addr,
					   const __be32 *words)
{
	addr->word[0] = words[0];
	addr->word[1] = words[1];
	addr->word[2] = words[2];
	addr->word[3] = words[3];
}

static __always_inline bool address_equal(const struct ip_addr *a,
					  const struct ip_addr *b)
{
	return a->word[3] == b->word[3] && a->word[2] == b->word[2] &&
	       a->word[1] == b->word[1] && a->word[0] == b->word[0];
}

/* True for the all-zero address, which means "none" in our maps. */
static __always_inline bool address_is_none(const struct ip_addr *addr)
{
	return (addr->word[0] | addr->word[1] | addr->word[2] |
		addr->word[3]) == 0;
}

#endif /* SLUICE_ADDRESS_H */
