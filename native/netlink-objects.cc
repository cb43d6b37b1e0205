/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink-objects.h"

#include <cstdio>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "attributes.h"

namespace {
template <typename T>
const T &payload(const nlmsghdr *header)
{
	return *static_cast<const T *>(mnl_nlmsg_get_payload(header));
}

bool is_ip(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

const char *family_name(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* Empty when the attribute has not the size of the family's address. */
std::string address_text(uint8_t family, const nlattr *attr)
{
	char text[INET6_ADDRSTRLEN] = "";
	const size_t size =
		family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
	if (mnl_attr_get_payload_len(attr) == size)
		inet_ntop(family, mnl_attr_get_payload(attr), text,
			  sizeof(text));
	return text;
}

std::string mac_text(const nlattr *attr)
{
	const auto *bytes =
		static_cast<const uint8_t *>(mnl_attr_get_payload(attr));
	std::string text;
	char part[4];
	for (uint16_t i = 0; i < mnl_attr_get_payload_len(attr); i++) {
		snprintf(part, sizeof(part), i ? ":%02x" : "%02x", bytes[i]);
		text += part;
	}
	return text;
}

void set_link_info(Napi::Object link, const nlattr *info)
{
	for (const nlattr *attr : Attributes(info)) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			link["kind"] = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
			link["slaveKind"] = mnl_attr_get_str(attr);
	}
}

void set_xdp(Napi::Object link, const nlattr *xdp)
{
	for (const nlattr *attr : Attributes(xdp)) {
		if (mnl_attr_get_type(attr) == IFLA_XDP_PROG_ID)
			link["xdpProgramId"] = mnl_attr_get_u32(attr);
	}
}

void set_link_attribute(Napi::Object link, const nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		link["name"] = mnl_attr_get_str(attr);
		break;
	case IFLA_MTU:
		link["mtu"] = mnl_attr_get_u32(attr);
		break;
	case IFLA_MASTER:
		link["master"] = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK:
		link["link"] = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		link["linkNetnsId"] =
			static_cast<int32_t>(mnl_attr_get_u32(attr));
		break;
	case IFLA_ADDRESS:
		link["mac"] = mac_text(attr);
		break;
	case IFLA_OPERSTATE:
		link["operstate"] = mnl_attr_get_u8(attr);
		break;
	case IFLA_LINKINFO:
		set_link_info(link, attr);
		break;
	case IFLA_XDP:
		set_xdp(link, attr);
		break;
	default:
		break;
	}
}

/* Out devices of a route with several next hops. */
void add_next_hops(Napi::Array ifindexes, const nlattr *attr)
{
	const auto *hop =
		static_cast<const rtnexthop *>(mnl_attr_get_payload(attr));
	int left = mnl_attr_get_payload_len(attr);
	while (RTNH_OK(hop, left)) {
		ifindexes[ifindexes.Length()] = hop->rtnh_ifindex;
		left -= static_cast<int>(RTNH_ALIGN(hop->rtnh_len));
		hop = RTNH_NEXT(hop);
	}
}
} /* namespace */

bool is_ip_address(const nlmsghdr *header)
{
	return is_ip(payload<ifaddrmsg>(header).ifa_family);
}

bool is_ip_route(const nlmsghdr *header)
{
	return is_ip(payload<rtmsg>(header).rtm_family) &&
	       !(payload<rtmsg>(header).rtm_flags & RTM_F_CLONED);
}

bool is_ip_neighbour(const nlmsghdr *header)
{
	return is_ip(payload<ndmsg>(header).ndm_family);
}

uint32_t route_table(const nlmsghdr *header)
{
	for (const nlattr *attr : Attributes(header, sizeof(rtmsg))) {
		if (mnl_attr_get_type(attr) == RTA_TABLE)
			return mnl_attr_get_u32(attr);
	}
	return payload<rtmsg>(header).rtm_table;
}

Napi::Object link_object(Napi::Env env, const nlmsghdr *header)
{
	const ifinfomsg &fixed = payload<ifinfomsg>(header);
	Napi::Object link = Napi::Object::New(env);
	link["ifindex"] = fixed.ifi_index;
	link["name"] = "";
	link["kind"] = "";
	link["slaveKind"] = "";
	link["master"] = 0;
	link["link"] = 0;
	link["linkNetnsId"] = -1;
	link["mtu"] = 0;
	link["mac"] = "";
	link["flags"] = fixed.ifi_flags;
	link["type"] = fixed.ifi_type;
	link["operstate"] = 0;
	link["xdpProgramId"] = 0;
	for (const nlattr *attr : Attributes(header, sizeof(fixed)))
		set_link_attribute(link, attr);
	return link;
}

Napi::Object address_object(Napi::Env env, const nlmsghdr *header)
{
	const ifaddrmsg &fixed = payload<ifaddrmsg>(header);
	std::string address;
	bool is_local = false; /* IFA_ADDRESS is the peer's where both are */
	uint32_t flags = fixed.ifa_flags;
	for (const nlattr *attr : Attributes(header, sizeof(fixed))) {
		const uint16_t type = mnl_attr_get_type(attr);
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !is_local))
			address = address_text(fixed.ifa_family, attr);
		if (type == IFA_LOCAL)
			is_local = true;
		if (type == IFA_FLAGS)
			flags = mnl_attr_get_u32(attr);
	}
	Napi::Object result = Napi::Object::New(env);
	result["ifindex"] = fixed.ifa_index;
	result["family"] = family_name(fixed.ifa_family);
	result["address"] = address;
	result["prefixLength"] = fixed.ifa_prefixlen;
	result["scope"] = fixed.ifa_scope;
	result["flags"] = flags;
	return result;
}

Napi::Object route_object(Napi::Env env, const nlmsghdr *header)
{
	const rtmsg &fixed = payload<rtmsg>(header);
	Napi::Array ifindexes = Napi::Array::New(env);
	Napi::Object route = Napi::Object::New(env);
	route["family"] = family_name(fixed.rtm_family);
	route["destination"] = fixed.rtm_family == AF_INET ? "0.0.0.0" : "::";
	route["prefixLength"] = fixed.rtm_dst_len;
	route["gateway"] = "";
	route["ifindexes"] = ifindexes;
	route["source"] = "";
	route["table"] = route_table(header);
	route["type"] = fixed.rtm_type;
	route["priority"] = 0;
	route["protocol"] = fixed.rtm_protocol;
	for (const nlattr *attr : Attributes(header, sizeof(fixed))) {
		const uint16_t type = mnl_attr_get_type(attr);
		if (type == RTA_DST)
			route["destination"] =
				address_text(fixed.rtm_family, attr);
		if (type == RTA_GATEWAY)
			route["gateway"] = address_text(fixed.rtm_family, attr);
		if (type == RTA_PREFSRC)
			route["source"] = address_text(fixed.rtm_family, attr);
		if (type == RTA_PRIORITY)
			route["priority"] = mnl_attr_get_u32(attr);
		if (type == RTA_OIF)
			ifindexes[ifindexes.Length()] = mnl_attr_get_u32(attr);
		if (type == RTA_MULTIPATH)
			add_next_hops(ifindexes, attr);
	}
	return route;
}

Napi::Object neighbour_object(Napi::Env env, const nlmsghdr *header)
{
	const ndmsg &fixed = payload<ndmsg>(header);
	Napi::Object neighbour = Napi::Object::New(env);
	neighbour["ifindex"] = fixed.ndm_ifindex;
	neighbour["family"] = family_name(fixed.ndm_family);
	neighbour["address"] = "";
	neighbour["mac"] = "";
	neighbour["state"] = fixed.ndm_state;
	for (const nlattr *attr : Attributes(header, sizeof(fixed))) {
		const uint16_t type = mnl_attr_get_type(attr);
		if (type == NDA_DST)
			neighbour["address"] =
				address_text(fixed.ndm_family, attr);
		if (type == NDA_LLADDR)
			neighbour["mac"] = mac_text(attr);
	}
	return neighbour;
}
