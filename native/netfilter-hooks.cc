/* SPDX-License-Identifier: Apache-2.0 */
#include "netfilter-hooks.h"

#include <cerrno>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <linux/netfilter_bridge.h>

#include "args.h"
#include "attributes.h"
#include "error.h"
#include "netlink.h"
#include "nft-chains.h"

namespace {
/* One list of hooks: a family's hook, of one device for netdev. */
struct Place {
	uint8_t family;
	const char *family_name;
	uint32_t hook;
	std::string device;
};

int dump(const Place &place, Messages *messages)
{
	NetlinkRequest request((NFNL_SUBSYS_HOOK << 8) | NFNL_MSG_HOOK_GET,
			       NLM_F_DUMP);
	auto *fixed = request.extra<nfgenmsg>();
	fixed->nfgen_family = place.family;
	fixed->version = NFNETLINK_V0;
	mnl_attr_put_u32(request.header(), NFNLA_HOOK_HOOKNUM,
			 htonl(place.hook));
	if (!place.device.empty())
		mnl_attr_put_strz(request.header(), NFNLA_HOOK_DEV,
				  place.device.c_str());
	return netlink_dump(NETLINK_NETFILTER, request, messages);
}

void set_chain(Napi::Object hook, const nlattr *description)
{
	for (const nlattr *attr : Attributes(description)) {
		switch (mnl_attr_get_type(attr)) {
		case NFNLA_CHAIN_TABLE:
			hook["table"] = mnl_attr_get_str(attr);
			break;
		case NFNLA_CHAIN_NAME:
			hook["chain"] = mnl_attr_get_str(attr);
			break;
		case NFNLA_CHAIN_FAMILY:
			hook["tableFamily"] = nft_family(mnl_attr_get_u8(attr));
			break;
		default:
			break;
		}
	}
}

void set_chain_info(Napi::Object hook, const nlattr *info)
{
	uint32_t type = 0;
	const nlattr *description = nullptr;
	for (const nlattr *attr : Attributes(info)) {
		if (mnl_attr_get_type(attr) == NFNLA_HOOK_INFO_TYPE)
			type = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == NFNLA_HOOK_INFO_DESC)
			description = attr;
	}
	if (type == NFNL_HOOK_TYPE_NFTABLES && description)
		set_chain(hook, description);
}

Napi::Object hook_object(Napi::Env env, const Place &place,
			 const nlmsghdr *header)
{
	Napi::Object hook = Napi::Object::New(env);
	hook["family"] = place.family_name;
	hook["hook"] = place.hook;
	hook["device"] = place.device;
	hook["priority"] = 0;
	hook["function"] = "";
	hook["module"] = "";
	hook["table"] = "";
	hook["chain"] = "";
	hook["tableFamily"] = "";
	for (const nlattr *attr : Attributes(header, sizeof(nfgenmsg))) {
		switch (mnl_attr_get_type(attr)) {
		case NFNLA_HOOK_PRIORITY:
			hook["priority"] = static_cast<int32_t>(
				ntohl(mnl_attr_get_u32(attr)));
			break;
		case NFNLA_HOOK_FUNCTION_NAME:
			hook["function"] = mnl_attr_get_str(attr);
			break;
		case NFNLA_HOOK_MODULE_NAME:
			hook["module"] = mnl_attr_get_str(attr);
			break;
		case NFNLA_HOOK_CHAIN_INFO:
			set_chain_info(hook, attr);
			break;
		default:
			break;
		}
	}
	return hook;
}

void add_places(std::vector<Place> *places, const Place &first, uint32_t hooks)
{
	places->reserve(places->size() + hooks);
	for (uint32_t hook = 0; hook < hooks; hook++)
		places->push_back({ first.family, first.family_name, hook,
				    first.device });
}

std::vector<Place> all_places(Napi::Value devices)
{
	std::vector<Place> result;
	add_places(&result, { NFPROTO_IPV4, "ipv4", 0, "" }, NF_INET_NUMHOOKS);
	add_places(&result, { NFPROTO_IPV6, "ipv6", 0, "" }, NF_INET_NUMHOOKS);
	add_places(&result, { NFPROTO_BRIDGE, "bridge", 0, "" },
		   NF_BR_NUMHOOKS);
	if (devices.IsUndefined())
		return result;
	if (!devices.IsArray())
		throw Napi::TypeError::New(devices.Env(),
					   "The devices must be an array.");
	Napi::Array names = devices.As<Napi::Array>();
	for (uint32_t i = 0; i < names.Length(); i++)
		add_places(&result,
			   { NFPROTO_NETDEV, "netdev", 0,
			     arg_string(names.Get(i), "device name") },
			   NF_NETDEV_NUMHOOKS);
	return result;
}

/* The kernel was built without that family, hook, or the device is gone. */
bool is_absent(int err)
{
	return err == -EPROTONOSUPPORT || err == -EOPNOTSUPP ||
	       err == -ENODEV || err == -EINVAL;
}
} /* namespace */

Napi::Value netfilter_hooks(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Array result = Napi::Array::New(env);
	bool is_first = true;
	for (const Place &place : all_places(info[0])) {
		Messages messages;
		const int err = dump(place, &messages);
		if (is_first && err == -EINVAL)
			return env.Undefined(); /* no such subsystem */
		is_first = false;
		if (err && !is_absent(err))
			fail(env, { err, "netfilter dump", place.family_name });
		each_message(messages, [&](const nlmsghdr *header) {
			result[result.Length()] =
				hook_object(env, place, header);
		});
	}
	return result;
}
