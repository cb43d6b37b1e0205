/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"

#include <cerrno>
#include <string>

#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "args.h"
#include "handle.h"

namespace {
/* Since Linux 5.14; not in Debian 12's libc for every architecture. */
constexpr int NETNS_COOKIE = 71;

/* 1 and 0 are answers, negative numbers failures. */
Napi::Value answer(Napi::Env env, int result, const char *what, uint32_t number)
{
	if (result < 0)
		fail(env, { result, "probe",
			    what + std::string(" ") + std::to_string(number) });
	return Napi::Boolean::New(env, result > 0);
}

bool on_bpffs(Napi::Env env, const std::string &path, const char *op)
{
	struct statfs stat = {};
	if (statfs(path.c_str(), &stat))
		fail(env, { errno, op, path });
	return stat.f_type == BPF_FS_MAGIC;
}
} /* namespace */

Napi::Value netns_cookie(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (!fd.valid())
		fail(env, { errno, "network namespace cookie", "a socket" });
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	if (getsockopt(fd.get(), SOL_SOCKET, NETNS_COOKIE, &cookie, &size)) {
		if (errno == ENOPROTOOPT)
			return env.Undefined();
		fail(env, { errno, "network namespace cookie", "a socket" });
	}
	return Napi::BigInt::New(env, cookie);
}

Napi::Value netns_inode(const Napi::CallbackInfo &info)
{
	const char *path = "/proc/self/ns/net";
	struct stat result = {};
	if (stat(path, &result))
		fail(info.Env(), { errno, "network namespace inode", path });
	return Napi::BigInt::New(info.Env(), uint64_t{ result.st_ino });
}

Napi::Value is_bpffs(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	return Napi::Boolean::New(
		env, on_bpffs(env, arg_string(info[0], "path"), "stat"));
}

Napi::Value mount_bpffs(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const std::string path = arg_string(info[0], "path");
	if (on_bpffs(env, path, "bpffs mount"))
		return Napi::Boolean::New(env, false);
	if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0700"))
		fail(env, { errno, "bpffs mount", path });
	return Napi::Boolean::New(env, true);
}

void unmount(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	if (umount2(path.c_str(), UMOUNT_NOFOLLOW))
		fail(info.Env(), { errno, "unmount", path });
}

Napi::Value possible_cpus(const Napi::CallbackInfo &info)
{
	const int count = libbpf_num_possible_cpus();
	if (count < 0)
		fail(info.Env(), { count, "count of CPUs", "the machine" });
	return Napi::Number::New(info.Env(), count);
}

Napi::Value probe_helper(const Napi::CallbackInfo &info)
{
	const uint32_t type = arg_u32(info[0], "program type");
	const uint32_t helper = arg_u32(info[1], "helper");
	return answer(info.Env(),
		      libbpf_probe_bpf_helper(static_cast<bpf_prog_type>(type),
					      static_cast<bpf_func_id>(helper),
					      nullptr),
		      "helper", helper);
}

Napi::Value probe_program_type(const Napi::CallbackInfo &info)
{
	const uint32_t type = arg_u32(info[0], "program type");
	return answer(info.Env(),
		      libbpf_probe_bpf_prog_type(
			      static_cast<bpf_prog_type>(type), nullptr),
		      "program type", type);
}

Napi::Value probe_map_type(const Napi::CallbackInfo &info)
{
	const uint32_t type = arg_u32(info[0], "map type");
	return answer(info.Env(),
		      libbpf_probe_bpf_map_type(static_cast<bpf_map_type>(type),
						nullptr),
		      "map type", type);
}
