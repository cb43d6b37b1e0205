/* SPDX-License-Identifier: Apache-2.0 */
#include "tc-dump.h"

#include <string>

#include <arpa/inet.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "args.h"
#include "attributes.h"
#include "error.h"
#include "netlink.h"

namespace {
Messages dump(Napi::Env env, uint16_t type, uint32_t ifindex, uint32_t parent)
{
	NetlinkRequest request(type, NLM_F_DUMP);
	auto *fixed = request.extra<tcmsg>();
	fixed->tcm_family = AF_UNSPEC;
	fixed->tcm_ifindex = static_cast<int>(ifindex);
	fixed->tcm_parent = parent;
	Messages messages;
	const int err = netlink_dump(NETLINK_ROUTE, request, &messages);
	if (err)
		fail(env,
		     { err, "tc dump", "device " + std::to_string(ifindex) });
	return messages;
}

const tcmsg &fixed_part(const nlmsghdr *header)
{
	return *static_cast<const tcmsg *>(mnl_nlmsg_get_payload(header));
}

void set_bpf_options(Napi::Object filter, const nlattr *options)
{
	for (const nlattr *attr : Attributes(options)) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_BPF_ID:
			filter["programId"] = mnl_attr_get_u32(attr);
			break;
		case TCA_BPF_NAME:
			filter["name"] = mnl_attr_get_str(attr);
			break;
		case TCA_BPF_FLAGS:
			filter["directAction"] = (mnl_attr_get_u32(attr) &
						  TCA_BPF_FLAG_ACT_DIRECT) != 0;
			break;
		default:
			break;
		}
	}
}

Napi::Object filter_object(Napi::Env env, const nlmsghdr *header)
{
	const tcmsg &fixed = fixed_part(header);
	Napi::Object filter = Napi::Object::New(env);
	std::string kind;
	const nlattr *options = nullptr;
	uint32_t chain = 0;
	for (const nlattr *attr : Attributes(header, sizeof(fixed))) {
		if (mnl_attr_get_type(attr) == TCA_KIND)
			kind = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == TCA_CHAIN)
			chain = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			options = attr;
	}
	filter["kind"] = kind;
	filter["chain"] = chain;
	filter["priority"] = TC_H_MAJ(fixed.tcm_info) >> 16;
	filter["protocol"] = ntohs(TC_H_MIN(fixed.tcm_info));
	filter["handle"] = fixed.tcm_handle;
	filter["programId"] = 0;
	filter["name"] = "";
	filter["directAction"] = false;
	if (kind == "bpf" && options)
		set_bpf_options(filter, options);
	return filter;
}

std::string qdisc_kind(const nlmsghdr *header)
{
	for (const nlattr *attr : Attributes(header, sizeof(tcmsg))) {
		if (mnl_attr_get_type(attr) == TCA_KIND)
			return mnl_attr_get_str(attr);
	}
	return "";
}
} /* namespace */

Napi::Value tc_filters(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const uint32_t ifindex = arg_u32(info[0], "ifindex");
	const uint32_t side =
		arg_is_ingress(info[1]) ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
	const Messages messages = dump(env, RTM_GETTFILTER, ifindex,
				       TC_H_MAKE(TC_H_CLSACT, side));
	Napi::Array result = Napi::Array::New(env);
	each_message(messages, [&](const nlmsghdr *header) {
		/* Handle 0 is the priority itself, not a filter. */
		if (header->nlmsg_type == RTM_NEWTFILTER &&
		    fixed_part(header).tcm_handle != 0)
			result[result.Length()] = filter_object(env, header);
	});
	return result;
}

Napi::Value tc_qdiscs(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const uint32_t ifindex = arg_u32(info[0], "ifindex");
	const Messages messages = dump(env, RTM_GETQDISC, ifindex, 0);
	Napi::Array result = Napi::Array::New(env);
	each_message(messages, [&](const nlmsghdr *header) {
		const tcmsg &fixed = fixed_part(header);
		if (static_cast<uint32_t>(fixed.tcm_ifindex) != ifindex)
			return;
		Napi::Object qdisc = Napi::Object::New(env);
		qdisc["kind"] = qdisc_kind(header);
		qdisc["handle"] = fixed.tcm_handle;
		qdisc["parent"] = fixed.tcm_parent;
		result[result.Length()] = qdisc;
	});
	return result;
}
