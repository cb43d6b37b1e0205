// SPDX-License-Identifier: Apache-2.0
/*
 * The packet helpers. The linear part is a heap buffer of its very size, and
 * a new one after each helper that may move it in the kernel: a byte read too
 * far, or through a pointer that has become stale, is a sanitizer's finding.
 */
#include "packet.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf_helpers.h>

enum {
	/* Puts the IP header on a word's boundary (NET_IP_ALIGN). */
	IP_ALIGN = 2,
	LENGTH_MAX = 65535,
};

static struct {
	__u8 *bytes;
	__u32 length;
	__u8 *linear;
	__u32 linear_length;
} packet;

static void make_linear(void)
{
	free(packet.linear);
	packet.linear = malloc(IP_ALIGN + packet.linear_length);
	if (packet.linear_length > 0)
		memcpy(packet.linear + IP_ALIGN, packet.bytes,
		       packet.linear_length);
}

void packet_set(struct __sk_buff *skb, const __u8 *bytes, __u32 length,
		__u32 linear)
{
	free(packet.bytes);
	packet.bytes = malloc(length + 1);
	if (length > 0)
		memcpy(packet.bytes, bytes, length);
	packet.length = length;
	packet.linear_length = linear < length ? linear : length;
	make_linear();
	skb->len = length;
}

void packet_free(void)
{
	free(packet.bytes);
	free(packet.linear);
	memset(&packet, 0, sizeof(packet));
}

struct bytes packet_bytes(struct __sk_buff *skb)
{
	__u8 *data = packet.linear + IP_ALIGN;

	(void)skb;
	return (struct bytes){ .data = data,
			       .end = data + packet.linear_length +
				      PACKET_OVERREAD };
}

static int is_inside(__u32 offset, __u32 length)
{
	return offset <= packet.length && length <= packet.length - offset;
}

long bpf_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 len)
{
	(void)skb;
	if (!is_inside(offset, len)) {
		memset(to, 0, len);
		return -EFAULT;
	}
	memcpy(to, packet.bytes + offset, len);
	return 0;
}

long bpf_skb_store_bytes(struct __sk_buff *skb, __u32 offset, const void *from,
			 __u32 len, __u64 flags)
{
	(void)skb;
	if (flags & ~(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return -EINVAL;
	if (!is_inside(offset, len))
		return -EFAULT;
	memcpy(packet.bytes + offset, from, len);
	make_linear();
	return 0;
}

long bpf_skb_pull_data(struct __sk_buff *skb, __u32 len)
{
	(void)skb;
	if (len > packet.length)
		return -ENOMEM;
	if (len > packet.linear_length)
		packet.linear_length = len;
	make_linear();
	return 0;
}

/* As net/core/filter.c: of PACKET_HOST to PACKET_OTHERHOST only. */
long bpf_skb_change_type(struct __sk_buff *skb, __u32 type)
{
	if (skb->pkt_type > PACKET_OTHERHOST || type > PACKET_OTHERHOST)
		return -EINVAL;
	skb->pkt_type = type;
	return 0;
}

long bpf_skb_change_tail(struct __sk_buff *skb, __u32 len, __u64 flags)
{
	if (flags || len > LENGTH_MAX || len < ETH_HLEN)
		return -EINVAL;
	packet.bytes = realloc(packet.bytes, len + 1);
	if (len > packet.length)
		memset(packet.bytes + packet.length, 0, len - packet.length);
	packet.length = len;
	if (packet.linear_length > len)
		packet.linear_length = len;
	make_linear();
	skb->len = len;
	return 0;
}

long bpf_skb_change_head(struct __sk_buff *skb, __u32 room, __u64 flags)
{
	if (flags || packet.length + room > LENGTH_MAX)
		return -EINVAL;
	packet.bytes = realloc(packet.bytes, packet.length + room + 1);
	memmove(packet.bytes + room, packet.bytes, packet.length);
	memset(packet.bytes, 0, room);
	packet.length += room;
	packet.linear_length += room;
	make_linear();
	skb->len = packet.length;
	return 0;
}

long bpf_skb_adjust_room(struct __sk_buff *skb, __s32 len_diff, __u32 mode,
			 __u64 flags)
{
	__u32 grown = packet.length + len_diff;

	if (flags || mode != BPF_ADJ_ROOM_MAC || len_diff < 0 ||
	    grown > LENGTH_MAX || packet.length < ETH_HLEN)
		return -EINVAL;
	packet.bytes = realloc(packet.bytes, grown + 1);
	memmove(packet.bytes + ETH_HLEN + len_diff, packet.bytes + ETH_HLEN,
		packet.length - ETH_HLEN);
	memset(packet.bytes + ETH_HLEN, 0, len_diff);
	packet.length = grown;
	packet.linear_length += len_diff;
	make_linear();
	skb->len = grown;
	return 0;
}

static __u16 fold(__u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

long bpf_l4_csum_replace(struct __sk_buff *skb, __u32 offset, __u64 from,
			 __u64 to, __u64 size)
{
	__u64 field = size & BPF_F_HDR_FIELD_MASK;
	__u16 check;

	if (offset > 0xffff || offset & 1 || !is_inside(offset, sizeof(check)))
		return -EFAULT;
	if (field != 0 && field != sizeof(check))
		return -EINVAL;
	if (!field && from)
		return -EINVAL;
	memcpy(&check, packet.bytes + offset, sizeof(check));
	if (!check && size & BPF_F_MARK_MANGLED_0)
		return 0;
	check = ~fold((__u64)(__u16)~check + (field ? (__u16)~from : 0) + to);
	return bpf_skb_store_bytes(skb, offset, &check, sizeof(check), 0);
}

long bpf_l3_csum_replace(struct __sk_buff *skb, __u32 offset, __u64 from,
			 __u64 to, __u64 size)
{
	return size == sizeof(__u16) ?
		       bpf_l4_csum_replace(skb, offset, from, to, size) :
		       -EINVAL;
}

long bpf_csum_update(struct __sk_buff *skb, __u32 csum)
{
	(void)skb;
	return csum;
}

long bpf_csum_diff(__be32 *from, __u32 from_size, __be32 *to, __u32 to_size,
		   __u32 seed)
{
	__u64 sum = seed;
	__be32 word;

	if ((from_size | to_size) & 3)
		return -EINVAL;
	for (__u32 i = 0; i < from_size / 4; i++) {
		memcpy(&word, from + i, sizeof(word));
		sum += (__u32)~word;
	}
	for (__u32 i = 0; i < to_size / 4; i++) {
		memcpy(&word, to + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__u32)(sum + (sum >> 32));
}
