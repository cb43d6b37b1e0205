/* SPDX-License-Identifier: Apache-2.0 */
#include "nft-chains.h"

#include <cerrno>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

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
	Napi::Env env = info.Env();
	NetlinkRequest request((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN,
			       NLM_F_DUMP);
	request.extra<nfgenmsg>()->version = NFNETLINK_V0;
	Messages messages;
	const int err = netlink_dump(NETLINK_NETFILTER, request, &messages);
	if (err == -EINVAL)
		return env.Undefined(); /* no such subsystem */
	if (err)
		fail(env, { err, "netfilter dump", "nftables chains" });
	Napi::Array result = Napi::Array::New(env);
	each_message(messages, [&](const nlmsghdr *header) {
		if (is_base_chain(header))
			result[result.Length()] = chain_object(env, header);
	});
	return result;
}
