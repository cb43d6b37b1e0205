/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors that close themselves. */
#ifndef SLUICE_NATIVE_HANDLE_H
#define SLUICE_NATIVE_HANDLE_H

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "error.h"

class Fd {
      public:
	Fd() = default;
	explicit Fd(int fd)
		: fd_(fd)
	{
	}
	Fd(Fd &&other) noexcept
		: fd_(std::exchange(other.fd_, -1))
	{
	}
	Fd &operator=(Fd &&other) noexcept
	{
		reset(std::exchange(other.fd_, -1));
		return *this;
	}
	Fd(const Fd &) = delete;
	Fd &operator=(const Fd &) = delete;
	~Fd()
	{
		reset();
	}

	int get() const
	{
		return fd_;
	}
	bool valid() const
	{
		return fd_ >= 0;
	}
	void reset(int fd = -1)
	{
		if (fd_ >= 0)
			close(fd_);
		fd_ = fd;
	}
	/* An own descriptor for the same thing; errno on failure. */
	static Fd duplicate(int fd)
	{
		return Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	}

      private:
	int fd_ = -1;
};

/* A descriptor and what to call it in errors. */
struct Handle {
	Fd fd;
	std::string name;

	/* The open descriptor; throws EBADF after close(). */
	int get(Napi::Env env, const char *op) const
	{
		if (!fd.valid())
			fail(env, { EBADF, op, name });
		return fd.get();
	}
};

#endif /* SLUICE_NATIVE_HANDLE_H */
