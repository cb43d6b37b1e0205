/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink-dump.h"

#include <linux/rtnetlink.h>

#include "args.h"
#include "error.h"
#include "netlink-objects.h"
#include "netlink.h"

namespace {
template <typename Fixed>
Messages dump(Napi::Env env, uint16_t type, const char *what)
{
	NetlinkRequest request(type, NLM_F_DUMP);
	request.extra<Fixed>();
	Messages messages;
	const int err = netlink_dump(NETLINK_ROUTE, request, &messages);
	if (err)
		fail(env, { err, "netlink dump", what });
	return messages;
}

template <typename Wanted, typename Make>
Napi::Value objects(Napi::Env env, const Messages &messages, Wanted wanted,
		    Make make)
{
	Napi::Array result = Napi::Array::New(env);
	each_message(messages, [&](const nlmsghdr *header) {
		if (wanted(header))
			result[result.Length()] = make(env, header);
	});
	return result;
}
} /* namespace */

Napi::Value dump_links(const Napi::CallbackInfo &info)
{
	return objects(
		info.Env(), dump<ifinfomsg>(info.Env(), RTM_GETLINK, "links"),
		[](const nlmsghdr *) { return true; }, link_object);
}

Napi::Value dump_addresses(const Napi::CallbackInfo &info)
{
	return objects(info.Env(),
		       dump<ifaddrmsg>(info.Env(), RTM_GETADDR, "addresses"),
		       is_ip_address, address_object);
}

Napi::Value dump_routes(const Napi::CallbackInfo &info)
{
	const bool local =
		!info[0].IsUndefined() &&
		optional_bool(arg_object(info[0], "options"), "local");
	return objects(
		info.Env(), dump<rtmsg>(info.Env(), RTM_GETROUTE, "routes"),
		[local](const nlmsghdr *header) {
			return is_ip_route(header) &&
			       (local || route_table(header) != RT_TABLE_LOCAL);
		},
		route_object);
}

Napi::Value dump_neighbours(const Napi::CallbackInfo &info)
{
	return objects(info.Env(),
		       dump<ndmsg>(info.Env(), RTM_GETNEIGH, "neighbours"),
		       is_ip_neighbour, neighbour_object);
}
