/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's helpers as functions of user space (../../kernel.c), with the
 * kernel's bounds: bpf/ compiles against this in place of libbpf's header.
 */
#ifndef SLUICE_SHIM_BPF_HELPERS_H
#define SLUICE_SHIM_BPF_HELPERS_H

#include <linux/bpf.h>
#include <linux/types.h>

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

#define SEC(name)
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define barrier_var(var)  asm volatile("" : "+r"(var))

void *bpf_map_lookup_elem(void *map, const void *key);
long bpf_map_update_elem(void *map, const void *key, const void *value,
			 __u64 flags);
long bpf_map_delete_elem(void *map, const void *key);

long bpf_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 len);
long bpf_skb_store_bytes(struct __sk_buff *skb, __u32 offset, const void *from,
			 __u32 len, __u64 flags);
long bpf_skb_pull_data(struct __sk_buff *skb, __u32 len);
long bpf_skb_change_type(struct __sk_buff *skb, __u32 type);
long bpf_skb_change_head(struct __sk_buff *skb, __u32 room, __u64 flags);
long bpf_skb_change_tail(struct __sk_buff *skb, __u32 len, __u64 flags);
long bpf_skb_adjust_room(struct __sk_buff *skb, __s32 len_diff, __u32 mode,
			 __u64 flags);
long bpf_l3_csum_replace(struct __sk_buff *skb, __u32 offset, __u64 from,
			 __u64 to, __u64 size);
long bpf_l4_csum_replace(struct __sk_buff *skb, __u32 offset, __u64 from,
			 __u64 to, __u64 size);
long bpf_csum_update(struct __sk_buff *skb, __u32 csum);
long bpf_csum_diff(__be32 *from, __u32 from_size, __be32 *to, __u32 to_size,
		   __u32 seed);

long bpf_redirect(__u32 ifindex, __u64 flags);
long bpf_redirect_neigh(__u32 ifindex, struct bpf_redir_neigh *params, int plen,
			__u64 flags);
long bpf_redirect_peer(__u32 ifindex, __u64 flags);
long bpf_fib_lookup(void *ctx, struct bpf_fib_lookup *params, int plen,
		    __u32 flags);
long bpf_check_mtu(void *ctx, __u32 ifindex, __u32 *mtu_len, __s32 len_diff,
		   __u64 flags);

__u64 bpf_get_socket_cookie(void *ctx);
struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *sk);
void *bpf_sk_storage_get(void *map, void *sk, void *value, __u64 flags);
struct bpf_sock *bpf_sk_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple,
				   __u32 size, __u64 netns, __u64 flags);
long bpf_sk_release(void *sk);

void *bpf_ringbuf_reserve(void *ringbuf, __u64 size, __u64 flags);
void bpf_ringbuf_submit(void *data, __u64 flags);

__u32 bpf_get_prandom_u32(void);
__u64 bpf_jiffies64(void);
__u64 bpf_ktime_get_ns(void);

#endif /* SLUICE_SHIM_BPF_HELPERS_H */
