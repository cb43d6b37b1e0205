// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Packets that leave the node by a device we serve: replies on their way to
 * a client behind it, and the node's own packets to frontends.
 */
#include "translate.h"

SEC("tc")
int tc_egress(struct __sk_buff *skb)
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
	verdict = translate(skb, s, HOOK_EGRESS);
	return finish(&s->packet.tuple, s->service.id, skb->ifindex, verdict);
}
