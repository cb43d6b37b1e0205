// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Only ever test-run: writes jiffies64 and CLOCK_MONOTONIC to the packet, so
 * that the agent can measure how many jiffies make a second.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "context.h"

struct clock_reading {
	__u64 jiffies;
	__u64 time_ns;
};

SEC("tc")
int clock_probe(struct __sk_buff *skb)
{
	struct bytes bytes = packet_bytes(skb);
	struct clock_reading *reading = bytes.data;

	if ((void *)(reading + 1) > bytes.end)
		return -1;
	reading->jiffies = bpf_jiffies64();
	reading->time_ns = bpf_ktime_get_ns();
	return 0;
}
