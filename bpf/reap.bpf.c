// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Deletes flows for the agent, which test-runs this program with keys in the
 * packet data (struct reap_request). A lookup and a delete from user space
 * would race with a packet that refreshes the entry in between.
 */
#define PREVIOUS_ROOM PREVIOUS_ROOM_REAPER

#include "context.h"
#include "flow.h"

/* Answers of reap_key() are added up: one sum holds both counts. */
#define REAP_KEPT (1U << 16)

enum reap_device {
	LOOPBACK_IFINDEX = 1, /* LOOPBACK_IFINDEX of include/net/flow.h */
};

/* Has the way of the flow's packets found again, where they have one of their
 * own. That of replies to the node's own address is lo, and stays. */
static __always_inline void reap_way(struct flow *flow)
{
	if (flow->ifindex != LOOPBACK_IFINDEX &&
	    (flow->way == WAY_NEIGH || flow->way == WAY_PEER ||
	     flow->way == WAY_INGRESS))
		flow->mtu = FLOW_MTU_LOST;
}

/*
 * Judges the key at this index: the number of entries deleted, or REAP_KEPT
 * when its flow is alive or gone. Global, so that it is verified once: 5.10's
 * verifier walks a static function again for every key, and gives up. The
 * caller must not branch on the answer: 6.1 would walk every combination.
 */
__noinline __u32 reap_key(struct __sk_buff *skb, __u32 index)
{
	struct bytes bytes = packet_bytes(skb);
	const struct reap_request *request = bytes.data;
	const struct flow_key *keys = (void *)(request + 1);
	struct flow_key key;
	struct flow *flow;

	if (index >= REAP_KEYS_MAX || (void *)(request + 1) > bytes.end)
		return REAP_KEPT;
	keys += index;
	if ((void *)(keys + 1) > bytes.end)
		return REAP_KEPT;
	key = *keys;
	flow = flow_find(&key);
	if (request->mode == REAP_MOVE) {
		previous_drop(&key);
		return REAP_KEPT;
	}
	if (!flow)
		flow = bpf_map_lookup_elem(&overflow, &key);
	if (flow && request->mode == REAP_LOST)
		reap_way(flow);
	if (!flow || request->mode == REAP_LOST ||
	    (request->mode != REAP_FORCED && !flow_expired(&key, flow)))
		return REAP_KEPT;
	return flow_remove(&key, flow);
}

SEC("tc")
int reap(struct __sk_buff *skb)
{
	struct bytes bytes = packet_bytes(skb);
	struct reap_request *request = bytes.data;
	__u32 count, sum = 0;

	if ((void *)(request + 1) > bytes.end)
		return -1;
	count = request->count;
	for (__u32 i = 0; i < REAP_KEYS_MAX && i < count; i++)
		sum += reap_key(skb, i);
	request->deleted = sum % REAP_KEPT;
	request->kept = sum / REAP_KEPT;
	return 0;
}
