/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * connect(), getpeername() and the end of sockets: a connection to a service
 * is made to a backend from the start, at no cost per packet.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "backend.h"
#include "config.h"
#include "sock.h"
#include "sock_service.h"
#include "stats.h"

/* Ends what an earlier connect() of this socket began. */
static __always_inline void sock_disconnected(struct socket_state *state)
{
	if (state->flags & SOCKET_COUNTED)
		backend_ended(state->backend, 1);
	state->flags &= SOCKET_PEERS;
}

static __always_inline void sock_connected(struct socket_state *state,
					   const struct sock_name *vip,
					   __u8 proto,
					   const struct service_ref *service,
					   const struct backend_ref *backend)
{
	state->vip = vip->addr;
	state->port = vip->port;
	state->addr = backend->addr;
	state->backend_port = backend->port;
	state->proto = proto;
	state->service = service->id;
	state->backend = backend->id;
	state->backend_generation = backend->generation;
	state->flags |= SOCKET_CONNECTED;
	count_connection(service->id);
	if (!have_release_storage)
		return;
	backend_opened(backend->id);
	state->flags |= SOCKET_COUNTED;
}

/*
 * Writes a backend to name when that is a service. Everything that cannot be
 * decided here goes on untranslated to the packet path: it translates, drops
 * or rejects. So does connected UDP without endpoint, since connect() must
 * not fail for a peer that may come later.
 */
static __always_inline int sock_connect(struct bpf_sock_addr *ctx,
					struct sock_name *name, bool *changed)
{
	struct socket_state *state = sock_state(ctx, false);
	__u8 proto = sock_proto(ctx);
	struct affinity_key affinity_key;
	struct service_ref service;
	struct backend_ref backend;

	if (state)
		sock_disconnected(state);
	if (!proto || !sock_service(name, proto, &service))
		return SOCK_PROCEED;
	if (service.empty == SET_EMPTY_SERVICE && proto == IPPROTO_TCP)
		return sock_refuse(service.id);
	if (!sock_pick_again(ctx, &service, &affinity_key, &backend) &&
	    !backend_pick(service.set, &backend))
		return SOCK_PROCEED;
	if (!state)
		state = sock_state(ctx, true);
	if (!state)
		return SOCK_PROCEED;
	sock_connected(state, name, proto, &service, &backend);
	if (service.affinity_sec)
		affinity_note(&affinity_key, &backend);
	name->addr = backend.addr;
	name->port = backend.port;
	*changed = true;
	return SOCK_PROCEED;
}

SEC("cgroup/connect4")
int sock_connect4(struct bpf_sock_addr *ctx)
{
	struct sock_name name;
	bool changed = false;
	int verdict;

	sock_name_read4(ctx, &name);
	verdict = sock_connect(ctx, &name, &changed);
	if (changed)
		sock_name_write4(ctx, &name);
	return verdict;
}

SEC("cgroup/connect6")
int sock_connect6(struct bpf_sock_addr *ctx)
{
	struct sock_name name;
	bool changed = false;
	int verdict;

	sock_name_read6(ctx, &name);
	verdict = sock_connect(ctx, &name, &changed);
	if (changed)
		sock_name_write6(ctx, &name);
	return verdict;
}

/* True when name is the backend of a connected socket; then name becomes the
 * service's address. */
static __always_inline bool sock_show_vip(struct bpf_sock_addr *ctx,
					  struct sock_name *name)
{
	const struct socket_state *state = sock_state(ctx, false);

	if (!state || !(state->flags & SOCKET_CONNECTED) ||
	    !sock_name_equal(name, &state->addr, state->backend_port))
		return false;
	name->addr = state->vip;
	name->port = state->port;
	return true;
}

SEC("cgroup/getpeername4")
int sock_getpeername4(struct bpf_sock_addr *ctx)
{
	struct sock_name name;

	sock_name_read4(ctx, &name);
	if (sock_show_vip(ctx, &name))
		sock_name_write4(ctx, &name);
	return SOCK_PROCEED;
}

SEC("cgroup/getpeername6")
int sock_getpeername6(struct bpf_sock_addr *ctx)
{
	struct sock_name name;

	sock_name_read6(ctx, &name);
	if (sock_show_vip(ctx, &name))
		sock_name_write6(ctx, &name);
	return SOCK_PROCEED;
}

SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *sk)
{
	struct socket_state *state;

	if (!have_release_storage)
		return SOCK_PROCEED;
	state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (state)
		sock_disconnected(state);
	return SOCK_PROCEED;
}
