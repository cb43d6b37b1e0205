/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Never loaded: carries every shared layout into BTF, from which
 * tools/gen-layout.ts writes src/layout/structs.ts. Built with -Wpadded, so
 * that a hole in a shared struct is a compile error.
 *
 * The compiler drops types that nothing uses: structs that are no map's key
 * or value, and all enums, are named here.
 */
#include "maps.h"
#include "types.h"

#define EXPORT(kind, name) const kind name *export_##kind##_##name

EXPORT(struct, event);
EXPORT(struct, reap_request);

EXPORT(enum, affinity_kind);
EXPORT(enum, backend_flag);
EXPORT(enum, backend_state);
EXPORT(enum, backend_word);
EXPORT(enum, device_flag);
EXPORT(enum, device_kind);
EXPORT(enum, drop_reason);
EXPORT(enum, event_kind);
EXPORT(enum, filter_kind);
EXPORT(enum, flow_direction);
EXPORT(enum, flow_flag);
EXPORT(enum, flow_hook);
EXPORT(enum, flow_mtu);
EXPORT(enum, flow_state);
EXPORT(enum, flow_way);
EXPORT(enum, forwarding);
EXPORT(enum, frontend_flag);
EXPORT(enum, frontend_word);
EXPORT(enum, in_use);
EXPORT(enum, map_version);
EXPORT(enum, reap_limit);
EXPORT(enum, reap_mode);
EXPORT(enum, prefix_flag);
EXPORT(enum, previous_flows);
EXPORT(enum, scope);
EXPORT(enum, service_flag);
EXPORT(enum, set_word);
EXPORT(enum, socket_flag);
EXPORT(enum, timeout);
EXPORT(enum, udp_peer_kind);
