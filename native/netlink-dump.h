/* SPDX-License-Identifier: Apache-2.0 */
/* links(), addresses(), routes(), neighbours() */
#ifndef SLUICE_NATIVE_NETLINK_DUMP_H
#define SLUICE_NATIVE_NETLINK_DUMP_H

#include <napi.h>

Napi::Value dump_links(const Napi::CallbackInfo &info);
Napi::Value dump_addresses(const Napi::CallbackInfo &info);
Napi::Value dump_routes(const Napi::CallbackInfo &info);
Napi::Value dump_neighbours(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_NETLINK_DUMP_H */
