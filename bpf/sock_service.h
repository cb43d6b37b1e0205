/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Service lookup and refusal as the socket hooks need them. */
#ifndef SLUICE_SOCK_SERVICE_H
#define SLUICE_SOCK_SERVICE_H

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include <stdbool.h>

#include "affinity.h"
#include "config.h"
#include "filter.h"
#include "service.h"
#include "sock.h"
#include "stats.h"

/*
 * The service behind a destination, as seen from inside the node. False also
 * for those with source ranges: a socket's address is not known yet, so the
 * packet path decides.
 */
static __always_inline bool sock_service(const struct sock_name *name,
					 __u8 proto, struct service_ref *ref)
{
	struct frontend_key key = {
		.addr = name->addr,
		.port = name->port,
		.proto = proto,
		.scope = SCOPE_INTERNAL,
	};

	return filter_maybe(&name->addr, name->port, proto, FILTER_FRONTEND) &&
	       service_lookup(&key, ref) && !(ref->flags & FRONTEND_RANGES);
}

/* The backend that the socket's network namespace had; false: the socket may
 * get any. Sets key for services with affinity. */
static __always_inline bool sock_pick_again(struct bpf_sock_addr *ctx,
					    const struct service_ref *service,
					    struct affinity_key *key,
					    struct backend_ref *backend)
{
	if (!service->affinity_sec)
		return false;
	affinity_key_netns(key, service->id, bpf_get_netns_cookie(ctx));
	return affinity_pick(service, key, backend);
}

/*
 * The call fails with ECONNREFUSED, as it would after the packet path's
 * reject. Kernels that cannot name the error (they would say EPERM) let the
 * call proceed untranslated, into that reject.
 */
static __always_inline int sock_refuse(__u32 service)
{
	if (!have_set_retval)
		return SOCK_PROCEED;
	count_drop(DROP_NO_ENDPOINT);
	count_refusal(service, DROP_NO_ENDPOINT);
	bpf_set_retval(-ECONNREFUSED);
	return SOCK_REFUSE;
}

#endif /* SLUICE_SOCK_SERVICE_H */
