// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Only ever test-run: writes filter_hash() of a tuple to the packet, so that
 * a test can compare it with its twin in TypeScript.
 */
#include "context.h"
#include "filter.h"

struct filter_question {
	struct ip_addr addr;
	__be16 port;
	__u8 proto;
	__u8 kind;
	__u32 hash; /* answer */
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
	return 0;
}
