/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What every socket hook needs: which protocol a socket speaks, the address
 * in its context read and written, and its state.
 *
 * IPv4 hooks see user_ip4, IPv6 hooks user_ip6. A v4-mapped sendmsg on an IPv6
 * socket runs the IPv4 hook and its recvmsg the IPv6 one; the one address type
 * makes both find the same entries.
 */
#ifndef SLUICE_SOCK_H
#define SLUICE_SOCK_H

#include <linux/bpf.h>
#include <linux/in.h>

#include <bpf/bpf_helpers.h>

#include <stdbool.h>

#include "address.h"
#include "maps.h"

/* Return values of cgroup socket address programs. */
enum sock_verdict {
	SOCK_REFUSE = 0,
	SOCK_PROCEED = 1,
};

/* An address and port as a socket names it. */
struct sock_name {
	struct ip_addr addr;
	__be16 port;
};

/*
 * IPPROTO_TCP or IPPROTO_UDP, 0 for what is not ours. The type alone would
 * take SCTP for TCP and ping sockets for UDP; MPTCP's subflows are TCP.
 */
static __always_inline __u8 sock_proto(const struct bpf_sock_addr *ctx)
{
	enum {
		PROTO_MPTCP = 262,
	};

	switch (ctx->protocol) {
	case IPPROTO_TCP:
	case PROTO_MPTCP:
		return IPPROTO_TCP;
	case IPPROTO_UDP:
		return IPPROTO_UDP;
	default:
		return 0;
	}
}

static __always_inline void sock_name_read4(const struct bpf_sock_addr *ctx,
					    struct sock_name *name)
{
	address_set_v4(&name->addr, ctx->user_ip4);
	name->port = ctx->user_port;
}

static __always_inline void sock_name_read6(const struct bpf_sock_addr *ctx,
					    struct sock_name *name)
{
	name->addr.word[0] = ctx->user_ip6[0];
	name->addr.word[1] = ctx->user_ip6[1];
	name->addr.word[2] = ctx->user_ip6[2];
	name->addr.word[3] = ctx->user_ip6[3];
	name->port = ctx->user_port;
}

static __always_inline void sock_name_write4(struct bpf_sock_addr *ctx,
					     const struct sock_name *name)
{
	ctx->user_ip4 = name->addr.word[3];
	ctx->user_port = name->port;
}

static __always_inline void sock_name_write6(struct bpf_sock_addr *ctx,
					     const struct sock_name *name)
{
	ctx->user_ip6[0] = name->addr.word[0];
	ctx->user_ip6[1] = name->addr.word[1];
	ctx->user_ip6[2] = name->addr.word[2];
	ctx->user_ip6[3] = name->addr.word[3];
	ctx->user_port = name->port;
}

static __always_inline bool sock_name_equal(const struct sock_name *a,
					    const struct ip_addr *addr,
					    __be16 port)
{
	return a->port == port && address_equal(&a->addr, addr);
}

/* The socket's state; NULL when it has none and create is false, or when the
 * kernel had no memory for it. */
static __always_inline struct socket_state *
sock_state(struct bpf_sock_addr *ctx, bool create)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return NULL;
	return bpf_sk_storage_get(&sockets, sk, NULL,
				  create ? BPF_SK_STORAGE_GET_F_CREATE : 0);
}

#endif /* SLUICE_SOCK_H */
