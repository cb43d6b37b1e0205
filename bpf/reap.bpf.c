// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Deletes flows for the agent, which test-runs this program with keys in the
 * packet data (struct reap_request). A lookup and a delete from user space
 * would race with a packet that refreshes the entry in between.
 */
#include "context.h"
#include "flow.h"

/* One key; the number of entries deleted, 0 when its flow is alive or gone. */
static __noinline __u32 reap_one(const struct flow_key *key, __u32 mode)
{
	const struct flow *flow;

	if (!key)
		return 0;
	flow = flow_find(key);
	if (!flow)
		flow = bpf_map_lookup_elem(&overflow, key);
	if (!flow || (mode != REAP_FORCED && !flow_expired(key, flow)))
		return 0;
	return flow_remove(key, flow);
}

SEC("tc")
int reap(struct __sk_buff *skb)
{
	struct bytes bytes = packet_bytes(skb);
	struct reap_request *request = bytes.data;
	const struct flow_key *keys = (void *)(request + 1);
	__u32 count, mode, deleted = 0, kept = 0;

	if ((void *)(request + 1) > bytes.end)
		return -1;
	count = request->count;
	mode = request->mode;
	for (__u32 i = 0; i < REAP_KEYS_MAX && i < count; i++) {
		struct flow_key key;
		__u32 removed;

		if ((void *)(keys + i + 1) > bytes.end)
			break;
		key = keys[i];
		removed = reap_one(&key, mode);
		deleted += removed;
		kept += !removed;
	}
	request->deleted = deleted;
	request->kept = kept;
	return 0;
}
