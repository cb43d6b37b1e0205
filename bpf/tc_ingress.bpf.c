// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Packets that enter the node by a device we serve: from pods (the host end
 * of their veth), from the wire, and what the node sends itself over lo.
 */
#include "translate.h"

SEC("tc")
int tc_ingress(struct __sk_buff *skb)
{
	struct packet packet;
	struct scratch *s;
	__u32 verdict;

	if (!parse_packet(skb, &packet) || !translate_concerns(&packet))
		return TC_ACT_UNSPEC;
	s = scratch_get();
	if (!s)
		return TC_ACT_UNSPEC;
	s->packet = packet;
	s->service.id = 0;
	verdict = translate(skb, s, HOOK_INGRESS);
	return finish(&s->packet.tuple, s->service.id, skb->ifindex, verdict);
}
