/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include <cerrno>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"

namespace {
/* Flags of BPF_LINK_CREATE since Linux 6.6. */
constexpr uint32_t FLAG_BEFORE = 1U << 3;
constexpr uint32_t FLAG_ID = 1U << 5;

/* A TCX hook holds at most that many programs (BPF_MPROG_MAX). */
constexpr uint32_t TCX_MAX = 64;
constexpr uint32_t CGROUP_MAX = 64;

/* The part of union bpf_attr that creates a TCX link. */
struct TcxLinkCreate {
	uint32_t prog_fd;
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t flags;
	uint32_t relative_id;
	uint32_t pad;
	uint64_t expected_revision;
};

/* The part of union bpf_attr that queries a hook, as of Linux 6.6. */
struct ProgQuery {
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags;
	uint64_t prog_ids;
	uint32_t count;
	uint32_t pad;
	uint64_t prog_attach_flags;
	uint64_t link_ids;
	uint64_t link_attach_flags;
	uint64_t revision;
};

template <typename T>
int bpf(bpf_cmd command, T *attributes)
{
	return static_cast<int>(
		syscall(SYS_bpf, command, attributes, sizeof(*attributes)));
}
} /* namespace */

int tcx_link_create(int program, uint32_t ifindex, bool ingress, TcxPlace place)
{
	TcxLinkCreate attributes = {};
	attributes.prog_fd = static_cast<uint32_t>(program);
	attributes.target_ifindex = ifindex;
	attributes.attach_type = ingress ? TCX_INGRESS : TCX_EGRESS;
	if (place.first)
		attributes.flags = FLAG_BEFORE;
	if (place.before != 0) {
		attributes.flags = FLAG_BEFORE | FLAG_ID;
		attributes.relative_id = place.before;
	}
	return bpf(BPF_LINK_CREATE, &attributes);
}

uint32_t arg_attach_type(Napi::Value value)
{
	const std::string name = arg_string(value, "attach type");
	bpf_attach_type type = {};
	if (libbpf_attach_type_by_name(name.c_str(), &type))
		throw Napi::TypeError::New(value.Env(),
					   "The attach type " + name +
						   " is not known to libbpf.");
	return type;
}

Fd open_cgroup(Napi::Env env, const std::string &path, const char *op)
{
	Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!fd.valid())
		fail(env, { errno, op, path });
	return fd;
}

Napi::Value query_tcx(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const uint32_t ifindex = arg_u32(info[0], "ifindex");
	std::vector<uint32_t> programs(TCX_MAX);
	std::vector<uint32_t> links(TCX_MAX);
	ProgQuery query = {};
	query.target_ifindex = ifindex;
	query.attach_type = arg_is_ingress(info[1]) ? TCX_INGRESS : TCX_EGRESS;
	query.prog_ids = reinterpret_cast<uint64_t>(programs.data());
	query.link_ids = reinterpret_cast<uint64_t>(links.data());
	query.count = TCX_MAX;
	if (bpf(BPF_PROG_QUERY, &query)) {
		if (errno == EINVAL || errno == E2BIG)
			return env.Undefined();
		fail(env, { errno, "TCX query",
			    "device " + std::to_string(ifindex) });
	}
	Napi::Array result = Napi::Array::New(env, query.count);
	for (uint32_t i = 0; i < query.count; i++) {
		Napi::Object entry = Napi::Object::New(env);
		entry["programId"] = programs[i];
		entry["linkId"] = links[i];
		result[i] = entry;
	}
	return result;
}

Napi::Value query_cgroup(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const std::string path = arg_string(info[0], "cgroup");
	const uint32_t type = arg_attach_type(info[1]);
	const Fd cgroup = open_cgroup(env, path, "cgroup query");
	std::vector<uint32_t> programs(CGROUP_MAX);
	uint32_t flags = 0;
	uint32_t count = CGROUP_MAX;
	const int err =
		bpf_prog_query(cgroup.get(), static_cast<bpf_attach_type>(type),
			       0, &flags, programs.data(), &count);
	if (err)
		fail(env, { err, "cgroup query", path });
	Napi::Array result = Napi::Array::New(env, count);
	for (uint32_t i = 0; i < count; i++)
		result[i] = programs[i];
	return result;
}
