/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How the keys of a flow's two entries follow from each other. */
#ifndef SLUICE_FLOW_KEY_H
#define SLUICE_FLOW_KEY_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "types.h"

/* The other entry's key: the reverse of the packet after translation. */
static __always_inline void flow_twin_key(const struct flow_key *key,
					  const struct flow *flow,
					  struct flow_key *twin)
{
	twin->src = flow->dst;
	twin->dst = flow->src;
	twin->sport = flow->dport;
	twin->dport = flow->sport;
	twin->proto = key->proto;
	twin->direction = !key->direction;
	twin->pad[0] = 0;
	twin->pad[1] = 0;
}

#endif /* SLUICE_FLOW_KEY_H */
