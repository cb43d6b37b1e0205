/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Service lookup and refusal as the socket hooks need them. */
#ifndef SLUICE_SOCK_SERVICE_H
#define SLUICE_SOCK_SERVICE_H

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include <stdbool.h>

#include "config.h"
#include "filter.h"
#include "service.h"
#include "sock.h"
#include "stats.h"

/* The service behind a destination, as seen from inside the node. */
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
	       service_lookup(&key, ref);
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
