/* SPDX-License-Identifier: Apache-2.0 */
#include "nft-chains.h"

#include <cerrno>
#include <functional>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "args.h"
#include "attributes.h"
#include "error.h"
#include "netlink.h"

namespace {
void set_hook(Napi::Object chain, const nlattr *hook)
{
	for (const nlattr *attr : Attributes(hook)) {
		if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM)
			chain["hook"] = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == NFTA_HOOK_PRIORITY)
			chain["priority"] = static_cast<int32_t>(
				ntohl(mnl_attr_get_u32(attr)));
	}
}

/* Of a ruleset's thousands of chains only a few hang on a hook. */
bool is_base_chain(const nlmsghdr *header)
{
	for (const nlattr *attr : Attributes(header, sizeof(nfgenmsg))) {
		if (mnl_attr_get_type(attr) == NFTA_CHAIN_HOOK)
			return true;
	}
	return false;
}

bool is_named(const nlmsghdr *header, const std::string &name)
{
	for (const nlattr *attr : Attributes(header, sizeof(nfgenmsg))) {
		if (mnl_attr_get_type(attr) == NFTA_CHAIN_NAME)
			return name == mnl_attr_get_str(attr);
	}
	return false;
}

Napi::Object chain_object(Napi::Env env, const nlmsghdr *header)
{
	const auto *fixed =
		static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(header));
	Napi::Object chain = Napi::Object::New(env);
	chain["family"] = nft_family(fixed->nfgen_family);
	for (const nlattr *attr : Attributes(header, sizeof(*fixed))) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_CHAIN_TABLE:
			chain["table"] = mnl_attr_get_str(attr);
			break;
		case NFTA_CHAIN_NAME:
			chain["name"] = mnl_attr_get_str(attr);
			break;
		case NFTA_CHAIN_TYPE:
			chain["type"] = mnl_attr_get_str(attr);
			break;
		case NFTA_CHAIN_USE:
			chain["rules"] = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_CHAIN_POLICY:
			chain["accepts"] =
				ntohl(mnl_attr_get_u32(attr)) == NF_ACCEPT;
			break;
		case NFTA_CHAIN_HOOK:
			set_hook(chain, attr);
			break;
		default:
			break;
		}
	}
	return chain;
}

/*
 * Asks nftables; nothing when the kernel has none. `failure` is what is thrown
 * for any other error, whose number it gets.
 */
std::optional<Messages> ask_nftables(Napi::Env env, int message, uint16_t flags,
				     Failure failure)
{
	NetlinkRequest request(
		static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message),
		flags);
	request.extra<nfgenmsg>()->version = NFNETLINK_V0;
	Messages messages;
	failure.err = netlink_dump(NETLINK_NETFILTER, request, &messages);
	if (failure.err == -EINVAL)
		return std::nullopt;
	if (failure.err)
		fail(env, failure);
	return messages;
}

/* Those chains that `wanted` takes; undefined when there is no nftables. */
Napi::Value list_chains(Napi::Env env,
			const std::function<bool(const nlmsghdr *)> &wanted)
{
	const auto messages =
		ask_nftables(env, NFT_MSG_GETCHAIN, NLM_F_DUMP,
			     { 0, "netfilter dump", "nftables chains" });
	if (!messages)
		return env.Undefined();
	Napi::Array result = Napi::Array::New(env);
	each_message(*messages, [&](const nlmsghdr *header) {
		if (wanted(header))
			result[result.Length()] = chain_object(env, header);
	});
	return result;
}
} /* namespace */

const char *nft_family(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "";
	}
}

Napi::Value nft_base_chains(const Napi::CallbackInfo &info)
{
	return list_chains(info.Env(), is_base_chain);
}

Napi::Value nft_chains(const Napi::CallbackInfo &info)
{
	const std::string name = arg_string(info[0], "name");

	return list_chains(info.Env(), [&](const nlmsghdr *header) {
		return is_named(header, name);
	});
}

Napi::Value nft_generation(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	/* One message is the answer; the acknowledgement ends it. */
	const auto messages =
		ask_nftables(env, NFT_MSG_GETGEN, NLM_F_ACK,
			     { 0, "netfilter get", "nftables generation" });
	if (!messages)
		return env.Undefined();
	Napi::Value result = env.Undefined();
	each_message(*messages, [&](const nlmsghdr *header) {
		for (const nlattr *attr : Attributes(header, sizeof(nfgenmsg)))
			if (mnl_attr_get_type(attr) == NFTA_GEN_ID)
				result = Napi::Number::New(
					env, ntohl(mnl_attr_get_u32(attr)));
	});
	return result;
}
