/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink messages as JavaScript objects; index.d.ts names the fields. */
#ifndef SLUICE_NATIVE_NETLINK_OBJECTS_H
#define SLUICE_NATIVE_NETLINK_OBJECTS_H

#include <linux/netlink.h>
#include <napi.h>

/* RTM_*LINK */
Napi::Object link_object(Napi::Env env, const nlmsghdr *header);
/* RTM_*ADDR */
Napi::Object address_object(Napi::Env env, const nlmsghdr *header);
/* RTM_*ROUTE */
Napi::Object route_object(Napi::Env env, const nlmsghdr *header);
/* RTM_*NEIGH */
Napi::Object neighbour_object(Napi::Env env, const nlmsghdr *header);

/* Families other than IPv4 and IPv6 (bridge, MPLS, multicast) are not shown. */
bool is_ip_address(const nlmsghdr *header);
bool is_ip_route(const nlmsghdr *header);
bool is_ip_neighbour(const nlmsghdr *header);
/* Table of a route, RT_TABLE_*. */
uint32_t route_table(const nlmsghdr *header);

#endif /* SLUICE_NATIVE_NETLINK_OBJECTS_H */
