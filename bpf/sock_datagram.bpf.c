/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * sendmsg() and recvmsg() of UDP sockets: a datagram to a service goes to the
 * backend that this socket was given for it, and its answer shows the service.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "backend.h"
#include "sock.h"
#include "sock_service.h"
#include "stats.h"

enum sock_limit {
	SOCK_PEER_PICKS = 4, /* backends tried that another VIP already holds */
};

/* A datagram on its way: who sends it where. */
struct sock_datagram {
	__u64 cookie;
	struct sock_name vip;
};

static __always_inline void sock_peer_key(struct udp_peer_key *key,
					  __u64 cookie,
					  const struct sock_name *name,
					  __u8 kind)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->cookie = cookie;
	key->addr = name->addr;
	key->port = name->port;
	key->kind = kind;
}

/* The VIP that answers of this backend are shown as; NULL: none yet. */
static __always_inline struct udp_peer *
sock_peer_reply(__u64 cookie, const struct sock_name *backend)
{
	struct udp_peer_key key;

	sock_peer_key(&key, cookie, backend, UDP_PEER_REPLY);
	return bpf_map_lookup_elem(&udp_peers, &key);
}

/*
 * Makes answers of the backend show the VIP. When they show another VIP of the
 * same socket, the last one wins: both cannot be served.
 */
static __always_inline bool sock_peer_show(const struct sock_datagram *datagram,
					   const struct sock_name *backend,
					   const struct udp_peer *forward)
{
	struct udp_peer *reply = sock_peer_reply(datagram->cookie, backend);
	struct udp_peer_key key;
	struct udp_peer value = *forward;

	if (reply && sock_name_equal(&datagram->vip, &reply->addr, reply->port))
		return true;
	if (reply)
		count_drop(DROP_SOCKET_PEER_CONFLICT);
	value.addr = datagram->vip.addr;
	value.port = datagram->vip.port;
	sock_peer_key(&key, datagram->cookie, backend, UDP_PEER_REPLY);
	return bpf_map_update_elem(&udp_peers, &key, &value, BPF_ANY) == 0;
}

/* A backend of the set, by preference one whose answers show no other VIP of
 * this socket. */
static __always_inline bool sock_peer_pick(const struct sock_datagram *datagram,
					   __u64 set,
					   struct backend_ref *backend)
{
	struct sock_name name = {};

	for (int i = 0; i < SOCK_PEER_PICKS; i++) {
		const struct udp_peer *reply;

		if (!backend_pick(set, backend))
			return false;
		name.addr = backend->addr;
		name.port = backend->port;
		reply = sock_peer_reply(datagram->cookie, &name);
		if (!reply ||
		    sock_name_equal(&datagram->vip, &reply->addr, reply->port))
			break;
	}
	return true;
}

/* Gives the socket a backend for this VIP; false: leave it to the packet path. */
static __always_inline bool sock_peer_new(struct bpf_sock_addr *ctx,
					  const struct sock_datagram *datagram,
					  const struct service_ref *service,
					  struct sock_name *to)
{
	struct socket_state *state = sock_state(ctx, true);
	struct affinity_key affinity_key;
	struct udp_peer forward = {};
	struct backend_ref backend;
	struct udp_peer_key key;

	if (!state)
		return false;
	if (!sock_pick_again(ctx, service, &affinity_key, &backend) &&
	    !sock_peer_pick(datagram, service->set, &backend))
		return false;
	forward.addr = backend.addr;
	forward.port = backend.port;
	forward.service = service->id;
	forward.backend = backend.id;
	forward.backend_generation = backend.generation;
	to->addr = backend.addr;
	to->port = backend.port;
	state->flags |= SOCKET_PEERS;
	if (!sock_peer_show(datagram, to, &forward))
		return false;
	sock_peer_key(&key, datagram->cookie, &datagram->vip, UDP_PEER_FORWARD);
	if (bpf_map_update_elem(&udp_peers, &key, &forward, BPF_ANY))
		return false;
	count_connection(service->id);
	if (service->affinity_sec)
		affinity_note(&affinity_key, &backend);
	return true;
}

/* The backend this socket already has for the VIP, if it is still there and
 * the VIP still leads to the same service. */
static __always_inline bool
sock_peer_known(const struct sock_datagram *datagram, __u32 service,
		struct sock_name *to)
{
	const struct udp_peer *forward;
	struct udp_peer_key key;

	sock_peer_key(&key, datagram->cookie, &datagram->vip, UDP_PEER_FORWARD);
	forward = bpf_map_lookup_elem(&udp_peers, &key);
	if (!forward || forward->service != service ||
	    !backend_alive(forward->backend, forward->backend_generation))
		return false;
	to->addr = forward->addr;
	to->port = forward->port;
	return sock_peer_show(datagram, to, forward);
}

/* Writes a backend to name when that is a service; see sock_connect() for
 * what proceeds untranslated. */
static __always_inline int sock_sendmsg(struct bpf_sock_addr *ctx,
					struct sock_name *name, bool *changed)
{
	struct sock_datagram datagram = {};
	struct service_ref service;
	struct sock_name to = {};

	if (sock_proto(ctx) != IPPROTO_UDP ||
	    !sock_service(name, IPPROTO_UDP, &service))
		return SOCK_PROCEED;
	if (service.empty == SET_EMPTY_SERVICE)
		return sock_refuse(service.id);
	datagram.cookie = bpf_get_socket_cookie(ctx);
	datagram.vip = *name;
	if (!sock_peer_known(&datagram, service.id, &to) &&
	    !sock_peer_new(ctx, &datagram, &service, &to))
		return SOCK_PROCEED;
	*name = to;
	*changed = true;
	return SOCK_PROCEED;
}

SEC("cgroup/sendmsg4")
int sock_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct sock_name name = {};
	bool changed = false;
	int verdict;

	sock_name_read4(ctx, &name);
	verdict = sock_sendmsg(ctx, &name, &changed);
	if (changed)
		sock_name_write4(ctx, &name);
	return verdict;
}

SEC("cgroup/sendmsg6")
int sock_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct sock_name name = {};
	bool changed = false;
	int verdict;

	sock_name_read6(ctx, &name);
	verdict = sock_sendmsg(ctx, &name, &changed);
	if (changed)
		sock_name_write6(ctx, &name);
	return verdict;
}

/* True when name is a backend that this socket knows as a service; then name
 * becomes the service's address. Sockets that never were translated end at
 * the first, cheap question. */
static __always_inline bool sock_recvmsg(struct bpf_sock_addr *ctx,
					 struct sock_name *name)
{
	const struct socket_state *state = sock_state(ctx, false);
	const struct udp_peer *reply;

	if (!state)
		return false;
	if (state->flags & SOCKET_CONNECTED &&
	    sock_name_equal(name, &state->addr, state->backend_port)) {
		name->addr = state->vip;
		name->port = state->port;
		return true;
	}
	if (!(state->flags & SOCKET_PEERS))
		return false;
	reply = sock_peer_reply(bpf_get_socket_cookie(ctx), name);
	if (!reply)
		return false;
	name->addr = reply->addr;
	name->port = reply->port;
	return true;
}

SEC("cgroup/recvmsg4")
int sock_recvmsg4(struct bpf_sock_addr *ctx)
{
	struct sock_name name = {};

	sock_name_read4(ctx, &name);
	if (sock_recvmsg(ctx, &name))
		sock_name_write4(ctx, &name);
	return SOCK_PROCEED;
}

SEC("cgroup/recvmsg6")
int sock_recvmsg6(struct bpf_sock_addr *ctx)
{
	struct sock_name name = {};

	sock_name_read6(ctx, &name);
	if (sock_recvmsg(ctx, &name))
		sock_name_write6(ctx, &name);
	return SOCK_PROCEED;
}
