/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* An object with one of everything, for the tests of the addon. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 wide = 1;
const volatile __u8 narrow = 2;
const volatile _Bool yes;
__u64 initial = 5;
__u8 large[1024];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/* Returns what user space put into the variables. */
SEC("tc")
int variables(struct __sk_buff *skb)
{
	return wide + narrow + (yes ? 100 : 0) + initial;
}

/* Sends the packet's first 4 bytes to the ring; 0, or 1 when it is full. */
SEC("tc")
int submit(struct __sk_buff *skb)
{
	__u32 word = 0;

	if (bpf_skb_load_bytes(skb, 0, &word, sizeof(word)))
		return 2;
	return bpf_ringbuf_output(&ring, &word, sizeof(word), 0) ? 1 : 0;
}

/* Sends large to the ring; 0, or 1 when it is full. */
SEC("tc")
int submit_large(struct __sk_buff *skb)
{
	return bpf_ringbuf_output(&ring, large, sizeof(large), 0) ? 1 : 0;
}

/* Counts in the table and writes into the packet. */
SEC("tc")
int count(struct __sk_buff *skb)
{
	__u32 key = 7;
	__u64 one = 1;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	if (value)
		*value += 1;
	else
		bpf_map_update_elem(&table, &key, &one, BPF_ANY);
	bpf_skb_store_bytes(skb, 0, &key, sizeof(key), 0);
	skb->mark += 1;
	return 0;
}

/* The verifier refuses it: a read before the check for NULL. */
SEC("tc")
int refused(struct __sk_buff *skb)
{
	__u32 key = 7;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return *value;
}

char _license[] SEC("license") = "Dual BSD/GPL";
