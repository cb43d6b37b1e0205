// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Packets that enter the node by a device we serve: from pods (the host end
 * of their veth), from the wire, and what the node sends itself over lo.
 */
#include "translate.h"

SEC("tc")
int tc_ingress(struct __sk_buff *skb)
{
	return translate_run(skb, HOOK_INGRESS);
}
