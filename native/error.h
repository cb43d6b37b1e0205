/* SPDX-License-Identifier: Apache-2.0 */
/* How a failure reaches JavaScript. */
#ifndef SLUICE_NATIVE_ERROR_H
#define SLUICE_NATIVE_ERROR_H

#include <cstdint>
#include <string>

#include <napi.h>

struct Failure {
	int err; /* errno, either sign */
	std::string op;
	std::string object;
	std::string detail = ""; /* more lines for the message */
	uint32_t done = 0;
};

/* Throws the class given to setErrorClass(). */
[[noreturn]] void fail(Napi::Env env, const Failure &failure);

/* setErrorClass() */
void set_error_class(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_ERROR_H */
