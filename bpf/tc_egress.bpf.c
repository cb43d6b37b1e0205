// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Packets that leave the node by a device we serve: replies on their way to
 * a client behind it, and the node's own packets to frontends.
 */
#include "translate.h"

SEC("tc")
int tc_egress(struct __sk_buff *skb)
{
	return translate_run(skb, HOOK_EGRESS);
}
