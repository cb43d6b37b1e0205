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

	if (!parse_packet(skb, &packet) || !translate_concerns(&packet))
		return TC_ACT_UNSPEC;
	s = scratch_get();
	if (!s)
		return TC_ACT_UNSPEC;
	s->packet = packet;
	return finish(&s->packet.tuple, skb->ifindex,
		      translate(skb, s, HOOK_EGRESS));
}
