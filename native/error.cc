/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <cstdlib>
#include <cstring>

#include "addon.h"

namespace {
/* Not known to libc: the kernel's own "operation is not supported". */
constexpr int KERNEL_ENOTSUPP = 524;

std::string errno_name(int err)
{
	if (err == KERNEL_ENOTSUPP)
		return "ENOTSUPP";
	const char *name = strerrorname_np(err);
	return name ? name : "E" + std::to_string(err);
}

std::string errno_text(int err)
{
	if (err == KERNEL_ENOTSUPP)
		return "Operation not supported by the kernel";
	const char *text = strerrordesc_np(err);
	return text ? text : "Unknown error " + std::to_string(err);
}
} /* namespace */

void fail(Napi::Env env, const Failure &failure)
{
	const int err = std::abs(failure.err);
	const std::string code = errno_name(err);
	std::string message = failure.op + " of " + failure.object +
			      " failed: " + errno_text(err) + " (" + code + ")";
	if (!failure.detail.empty())
		message += "\n" + failure.detail;

	Napi::Object fields = Napi::Object::New(env);
	fields["message"] = message;
	fields["code"] = code;
	fields["errno"] = err;
	fields["op"] = failure.op;
	fields["object"] = failure.object;
	fields["done"] = failure.done;

	const Napi::FunctionReference &error_class =
		addon_data(env).error_class;
	if (error_class.IsEmpty())
		throw Napi::Error::New(env, message);
	throw Napi::Error(env, error_class.New({ fields }));
}

void set_error_class(const Napi::CallbackInfo &info)
{
	if (info.Length() < 1 || !info[0].IsFunction())
		throw Napi::TypeError::New(info.Env(),
					   "The error class must be a class.");
	addon_data(info.Env()).error_class =
		Napi::Persistent(info[0].As<Napi::Function>());
}
