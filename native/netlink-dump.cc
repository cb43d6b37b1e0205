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

bool is_default_route(const nlmsghdr *header)
{
	return static_cast<const rtmsg *>(mnl_nlmsg_get_payload(header))
		       ->rtm_dst_len == 0;
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
	const Napi::Object options = info[0].IsUndefined() ?
					     Napi::Object::New(info.Env()) :
					     arg_object(info[0], "options");
	const bool local = optional_bool(options, "local");
	const bool defaults = optional_bool(options, "onlyDefault");
	return objects(
		info.Env(), dump<rtmsg>(info.Env(), RTM_GETROUTE, "routes"),
		[=](const nlmsghdr *header) {
			return is_ip_route(header) &&
			       (!defaults || is_default_route(header)) &&
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
