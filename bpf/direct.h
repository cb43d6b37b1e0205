/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A client's direct connections to backends. They have no entries in flows;
 * a service flow with the same reply tuple would break one that is already
 * there, so the client's sockets are asked before its backend and port are
 * settled. The sockets of virtual machines and of clients outside are not
 * within reach, nor is a connection that was there before Sluice, nor are
 * SCTP sockets, for which there is no helper.
 */
#ifndef SLUICE_DIRECT_H
#define SLUICE_DIRECT_H

#include <linux/in.h>

#include <stdbool.h>

#include "packet.h"
#include "settings.h"
#include "word.h"

/*
 * Prepares to ask for the sockets of the packet's client, whose device is
 * s->client; false when nobody can tell them.
 */
static __always_inline bool direct_client(struct scratch *s, __u32 hook)
{
	if (s->packet.tuple.proto != IPPROTO_TCP)
		return false;
	s->netns_id = BPF_F_CURRENT_NETNS;
	if (hook == HOOK_EGRESS)
		return true;
	s->netns_id = s->client.netns_id;
	return s->client.kind == DEVICE_POD && s->netns_id >= 0;
}

/* Takes note that clients of this hook connect to backends directly. */
static __always_inline void direct_note(struct control *words,
					const struct scratch *s, __u32 hook)
{
	__u32 *seen = &words->direct_seen[hook & 1];

	if (s->ask_sockets && !READ_WORD(*seen))
		*seen = 1;
}

/* Sets s->ask_sockets: only where a direct connection was ever seen, since a
 * lookup for each new flow is not for free. */
static __always_inline void direct_prepare(struct scratch *s, __u32 hook)
{
	const struct control *words = control_get();

	s->ask_sockets = words && READ_WORD(words->direct_seen[hook & 1]) &&
			 direct_client(s, hook);
}

/*
 * True when the client has a connection of its own whose packets from the
 * backend are those of s->twin_key. What listens is none; neither is what is
 * in TIME_WAIT, which the lookup does not return.
 */
__noinline int direct_clash(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk;
	__u32 size, state;

	if (!s || !skb || !s->ask_sockets)
		return false;
	if (s->packet.is_v6) {
		__builtin_memcpy(tuple.ipv6.saddr, &s->twin_key.src, 16);
		__builtin_memcpy(tuple.ipv6.daddr, &s->twin_key.dst, 16);
		tuple.ipv6.sport = s->twin_key.sport;
		tuple.ipv6.dport = s->twin_key.dport;
		size = sizeof(tuple.ipv6);
	} else {
		tuple.ipv4.saddr = s->twin_key.src.word[3];
		tuple.ipv4.daddr = s->twin_key.dst.word[3];
		tuple.ipv4.sport = s->twin_key.sport;
		tuple.ipv4.dport = s->twin_key.dport;
		size = sizeof(tuple.ipv4);
	}
	sk = bpf_sk_lookup_tcp(skb, &tuple, size, s->netns_id, 0);
	if (!sk)
		return false;
	state = sk->state;
	bpf_sk_release(sk);
	return state != BPF_TCP_LISTEN && state != BPF_TCP_CLOSE;
}

#endif /* SLUICE_DIRECT_H */
