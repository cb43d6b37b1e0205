/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Counters of refusals and connections; a missing one changes no verdict. */
#ifndef SLUICE_STATS_H
#define SLUICE_STATS_H

#include "maps.h"

/* One more refusal of this reason (enum drop_reason) on this CPU. */
static __always_inline void count_drop(__u32 reason)
{
	struct drop_count *count = bpf_map_lookup_elem(&drops, &reason);

	if (count)
		count->packets++;
}

/* A connection that begins at service id. */
static __always_inline void count_connection(__u32 id)
{
	struct service_stats *stats = bpf_map_lookup_elem(&service_stats, &id);

	if (stats)
		__sync_fetch_and_add(&stats->connections, 1);
}

/* A packet or call that service id refused, by reason. */
static __always_inline void count_refusal(__u32 id, __u32 reason)
{
	struct service_stats *stats = bpf_map_lookup_elem(&service_stats, &id);

	if (!stats)
		return;
	if (reason == DROP_NO_ENDPOINT)
		__sync_fetch_and_add(&stats->rejected, 1);
	else
		__sync_fetch_and_add(&stats->dropped, 1);
}

#endif /* SLUICE_STATS_H */
