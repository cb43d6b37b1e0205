/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What iptables-legacy has in the kernel, by its own interface: a table is one
 * block of entries, and a chain of a user begins with an entry whose target is
 * ERROR and bears the chain's name (linux/netfilter/x_tables.h).
 */
#include "iptables.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

/* The C headers of the kernel take addresses of libc. */
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "args.h"
#include "error.h"
#include "handle.h"

namespace {
/* IPv4's and IPv6's structures, which differ in size only. */
struct Ipv4 {
	static constexpr int DOMAIN = AF_INET;
	static constexpr int LEVEL = IPPROTO_IP;
	using Info = ipt_getinfo;
	using Entries = ipt_get_entries;
	using Entry = ipt_entry;
};

struct Ipv6 {
	static constexpr int DOMAIN = AF_INET6;
	static constexpr int LEVEL = IPPROTO_IPV6;
	using Info = ip6t_getinfo;
	using Entries = ip6t_get_entries;
	using Entry = ip6t_entry;
};

static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO &&
		      IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES,
	      "both families number their options alike");

/* Adds the names of user-defined chains in a block of entries. */
template <typename Entry>
void add_chains(const uint8_t *block, size_t size,
		std::vector<std::string> *names)
{
	size_t at = 0;
	while (at + sizeof(Entry) <= size) {
		Entry entry = {};
		memcpy(&entry, block + at, sizeof(entry));
		const size_t target = at + entry.target_offset;
		if (entry.next_offset < sizeof(entry) ||
		    at + entry.next_offset > size)
			return;
		xt_error_target error = {};
		if (target + sizeof(error) <= at + entry.next_offset) {
			memcpy(&error, block + target, sizeof(error));
			const std::string kind(
				error.target.u.user.name,
				strnlen(error.target.u.user.name,
					sizeof(error.target.u.user.name)));
			if (kind == XT_ERROR_TARGET)
				names->emplace_back(
					error.errorname,
					strnlen(error.errorname,
						sizeof(error.errorname)));
		}
		at += entry.next_offset;
	}
}

/* 0 or -errno. The table may grow between the two questions: then EAGAIN. */
template <typename Family>
int read_chains(int socket, const std::string &table,
		std::vector<std::string> *names)
{
	typename Family::Info info = {};
	socklen_t size = sizeof(info);
	table.copy(info.name, sizeof(info.name) - 1);
	if (getsockopt(socket, Family::LEVEL, IPT_SO_GET_INFO, &info, &size))
		return -errno;
	const size_t head = sizeof(typename Family::Entries);
	std::vector<uint8_t> block(head + info.size);
	typename Family::Entries request = {};
	table.copy(request.name, sizeof(request.name) - 1);
	request.size = info.size;
	memcpy(block.data(), &request, head);
	size = static_cast<socklen_t>(block.size());
	if (getsockopt(socket, Family::LEVEL, IPT_SO_GET_ENTRIES, block.data(),
		       &size))
		return -errno;
	add_chains<typename Family::Entry>(block.data() + head, info.size,
					   names);
	return 0;
}

template <typename Family>
int chains_of(const std::string &table, std::vector<std::string> *names)
{
	const Fd fd(socket(Family::DOMAIN, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (!fd.valid())
		return -errno;
	int err = -EAGAIN;
	for (int tries = 0; tries < 5 && err == -EAGAIN; tries++) {
		names->clear();
		err = read_chains<Family>(fd.get(), table, names);
	}
	return err;
}
} /* namespace */

Napi::Value iptables_chains(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const std::string family = arg_string(info[0], "family");
	const std::string table = arg_string(info[1], "table");
	std::vector<std::string> names;
	const int err = family == "ip6" ? chains_of<Ipv6>(table, &names) :
					  chains_of<Ipv4>(table, &names);

	if (err)
		fail(env, { err, "iptables read", table });
	Napi::Array result = Napi::Array::New(env, names.size());
	for (size_t i = 0; i < names.size(); i++)
		result[static_cast<uint32_t>(i)] = names[i];
	return result;
}
