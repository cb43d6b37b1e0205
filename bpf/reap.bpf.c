// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Deletes flows for the agent, which test-runs this program with keys in the
 * packet data (struct reap_request). A lookup and a delete from user space
 * would race with a packet that refreshes the entry in between.
 */
#include "context.h"
#include "flow.h"

/*
 * Judges the key at this index; the number of entries deleted, 0 when its flow
 * is alive or gone. Global, so that it is verified once: 5.10's verifier walks
 * a static function again for every key, and gives up.
 */
__noinline __u32 reap_key(struct __sk_buff *skb, __u32 index)
{
	struct bytes bytes = packet_bytes(skb);
	const struct reap_request *request = bytes.data;
	const struct flow_key *keys = (void *)(request + 1);
	const struct flow *flow;
	struct flow_key key;

	if (index >= REAP_KEYS_MAX || (void *)(request + 1) > bytes.end)
		return 0;
	keys += index;
	if ((void *)(keys + 1) > bytes.end)
		return 0;
	key = *keys;
	flow = flow_find(&key);
	if (!flow)
		flow = bpf_map_lookup_elem(&overflow, &key);
	if (!flow ||
	    (request->mode != REAP_FORCED && !flow_expired(&key, flow)))
		return 0;
	return flow_remove(&key, flow);
}

SEC("tc")
int reap(struct __sk_buff *skb)
{
	struct bytes bytes = packet_bytes(skb);
	struct reap_request *request = bytes.data;
	__u32 count, deleted = 0, kept = 0;

	if ((void *)(request + 1) > bytes.end)
		return -1;
	count = request->count;
	for (__u32 i = 0; i < REAP_KEYS_MAX && i < count; i++) {
		__u32 removed = reap_key(skb, i);

		deleted += removed;
		kept += !removed;
	}
	request->deleted = deleted;
	request->kept = kept;
	return 0;
}
