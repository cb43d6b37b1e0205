/* SPDX-License-Identifier: Apache-2.0 */
/* Reading arguments: what does not fit throws a TypeError that says why. */
#ifndef SLUICE_NATIVE_ARGS_H
#define SLUICE_NATIVE_ARGS_H

#include <cstddef>
#include <cstdint>
#include <string>

#include <napi.h>

/* Memory of a Uint8Array; valid while the call lasts. */
struct Bytes {
	uint8_t *data = nullptr;
	size_t size = 0;
};

std::string arg_string(Napi::Value value, const char *what);
uint32_t arg_u32(Napi::Value value, const char *what);
bool arg_bool(Napi::Value value, const char *what);
Bytes arg_bytes(Napi::Value value, const char *what);
Napi::Object arg_object(Napi::Value value, const char *what);
Napi::Function arg_function(Napi::Value value, const char *what);
/* "ingress" or "egress". */
bool arg_is_ingress(Napi::Value value);

/* Properties that may be missing. */
uint32_t optional_u32(Napi::Object options, const char *name,
		      uint32_t fallback);
bool optional_bool(Napi::Object options, const char *name);
Bytes optional_bytes(Napi::Object options, const char *name);
std::string optional_string(Napi::Object options, const char *name,
			    const char *fallback);

/* The C++ side of an instance of the class. */
template <typename T>
T &arg_wrapped(Napi::Value value, const Napi::FunctionReference &constructor,
	       const char *what)
{
	if (!value.IsObject() ||
	    !value.As<Napi::Object>().InstanceOf(constructor.Value()))
		throw Napi::TypeError::New(value.Env(), what);
	return *T::Unwrap(value.As<Napi::Object>());
}

/* A copy that JavaScript owns. */
Napi::Uint8Array to_bytes(Napi::Env env, const void *data, size_t size);

#endif /* SLUICE_NATIVE_ARGS_H */
