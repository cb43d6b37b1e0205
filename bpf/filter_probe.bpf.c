// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Only ever test-run: writes the hashes of a tuple to the packet, so that a
 * test can compare them with their twins in TypeScript.
 */
#include "context.h"
#include "filter.h"

struct filter_question {
	__u8 head[16]; /* a link header of no protocol: runs look at that */
	struct ip_addr addr;
	__be16 port;
	__u8 proto;
	__u8 kind;
	__u32 hash; /* answers */
	__u32 address_hash;
};

SEC("tc")
int filter_probe(struct __sk_buff *skb)
{
	struct bytes bytes = packet_bytes(skb);
	struct filter_question *question = bytes.data;

	if ((void *)(question + 1) > bytes.end)
		return -1;
	question->hash = filter_hash(&question->addr, question->port,
				     question->proto, question->kind);
	question->address_hash = filter_hash_address(&question->addr);
	return 0;
}
