/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The socket that sent a packet. A packet keeps it through a veth or netkit
 * pair, into the host's namespace, until an IP layer takes the packet in
 * (since Linux 4.19): at egress it is the node's own socket, at ingress of a
 * pod's device the pod's. It is missing where packets come from a virtual
 * machine, from outside, or through XDP on the device.
 */
#ifndef SLUICE_SENDER_H
#define SLUICE_SENDER_H

#include <stdbool.h>

#include "address.h"
#include "backend.h"
#include "packet.h"
#include "service.h"

/* The low half of its cookie; 0: the packet has no socket. */
static __always_inline __u32 sender_cookie(struct __sk_buff *skb)
{
	return bpf_get_socket_cookie(skb);
}

/* What connect() left on it, when it still is connected; NULL: nothing. */
static __always_inline const struct socket_state *
sender_state(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return NULL;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->state != BPF_TCP_ESTABLISHED)
		return NULL;
	return bpf_sk_storage_get(&sockets, sk, NULL, 0);
}

/*
 * Finds the service of a packet whose socket was connected to a backend that
 * has left. False for packets that are direct ones to whoever has the address
 * now, and while the backend is still there for the socket's service.
 */
static __always_inline bool sender_service(struct __sk_buff *skb,
					   const struct packet *packet,
					   struct service_ref *service)
{
	const struct flow_key *tuple = &packet->tuple;
	const struct socket_state *state = sender_state(skb);
	struct frontend_key key = {};

	if (!state || !(state->flags & SOCKET_CONNECTED) ||
	    state->proto != tuple->proto ||
	    state->backend_port != tuple->dport ||
	    !address_equal(&state->addr, &tuple->dst) ||
	    backend_alive(state->backend, state->backend_generation))
		return false;
	key.addr = state->vip;
	key.port = state->port;
	key.proto = state->proto;
	key.scope = SCOPE_INTERNAL;
	return service_lookup(&key, service);
}

#endif /* SLUICE_SENDER_H */
