/* SPDX-License-Identifier: Apache-2.0 */
#include "directory-lock.h"

#include <cerrno>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/file.h>

#include "args.h"
#include "handle.h"

Napi::Value lock_directory(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const std::string path = arg_string(info[0], "path");
	/* A function must be copyable to be JavaScript's. */
	auto fd = std::make_shared<Fd>(
		open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!fd->valid())
		fail(env, { errno, "lock", path });
	if (flock(fd->get(), LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			return env.Undefined();
		fail(env, { errno, "lock", path });
	}
	return Napi::Function::New(
		env, [fd](const Napi::CallbackInfo &) { fd->reset(); },
		"unlock");
}
