/* SPDX-License-Identifier: Apache-2.0 */
/* BpfProgram: one loaded program. */
#ifndef SLUICE_NATIVE_PROGRAM_H
#define SLUICE_NATIVE_PROGRAM_H

#include <string>

#include <napi.h>

#include "handle.h"

class BpfProgram : public Napi::ObjectWrap<BpfProgram> {
      public:
	static Napi::Function define(Napi::Env env);
	/* A JavaScript BpfProgram; name "": the kernel's. */
	static Napi::Value wrap(Napi::Env env, Handle handle);
	/* The C++ side of an argument. */
	static BpfProgram &from(Napi::Value value);

	explicit BpfProgram(const Napi::CallbackInfo &info);

	int fd(Napi::Env env, const char *op) const
	{
		return handle_.get(env, op);
	}
	const std::string &name() const
	{
		return handle_.name;
	}

      private:
	static Napi::Value from_pin(const Napi::CallbackInfo &info);
	static Napi::Value from_id(const Napi::CallbackInfo &info);
	static Napi::Value load(const Napi::CallbackInfo &info);

	Napi::Value info(const Napi::CallbackInfo &info);
	void pin(const Napi::CallbackInfo &info);
	Napi::Value test_run(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	Handle handle_;
};

#endif /* SLUICE_NATIVE_PROGRAM_H */
