/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace {
[[noreturn]] void refuse(Napi::Env env, const char *what, const char *need)
{
	throw Napi::TypeError::New(env, std::string("The ") + what +
						" must be " + need + ".");
}
} /* namespace */

std::string arg_string(Napi::Value value, const char *what)
{
	if (!value.IsString())
		refuse(value.Env(), what, "a string");
	std::string text = value.As<Napi::String>().Utf8Value();
	if (text.empty() || text.find('\0') != std::string::npos)
		refuse(value.Env(), what, "a non-empty string without NUL");
	return text;
}

uint32_t arg_u32(Napi::Value value, const char *what)
{
	if (!value.IsNumber())
		refuse(value.Env(), what, "a number");
	const double number = value.As<Napi::Number>().DoubleValue();
	if (number < 0 || number > std::numeric_limits<uint32_t>::max() ||
	    std::trunc(number) != number)
		refuse(value.Env(), what, "an integer from 0 to 4294967295");
	return static_cast<uint32_t>(number);
}

bool arg_bool(Napi::Value value, const char *what)
{
	if (!value.IsBoolean())
		refuse(value.Env(), what, "true or false");
	return value.As<Napi::Boolean>().Value();
}

Bytes arg_bytes(Napi::Value value, const char *what)
{
	if (!value.IsTypedArray() ||
	    value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
		refuse(value.Env(), what, "a Uint8Array");
	Napi::Uint8Array array = value.As<Napi::Uint8Array>();
	return { array.Data(), array.ByteLength() };
}

Napi::Object arg_object(Napi::Value value, const char *what)
{
	if (!value.IsObject())
		refuse(value.Env(), what, "an object");
	return value.As<Napi::Object>();
}

Napi::Function arg_function(Napi::Value value, const char *what)
{
	if (!value.IsFunction())
		refuse(value.Env(), what, "a function");
	return value.As<Napi::Function>();
}

bool arg_is_ingress(Napi::Value value)
{
	const std::string direction = arg_string(value, "direction");
	if (direction != "ingress" && direction != "egress")
		refuse(value.Env(), "direction",
		       "either \"ingress\" or \"egress\"");
	return direction == "ingress";
}

uint32_t optional_u32(Napi::Object options, const char *name, uint32_t fallback)
{
	Napi::Value value = options.Get(name);
	return value.IsUndefined() ? fallback : arg_u32(value, name);
}

bool optional_bool(Napi::Object options, const char *name)
{
	Napi::Value value = options.Get(name);
	return !value.IsUndefined() && arg_bool(value, name);
}

Bytes optional_bytes(Napi::Object options, const char *name)
{
	Napi::Value value = options.Get(name);
	return value.IsUndefined() ? Bytes{} : arg_bytes(value, name);
}

std::string optional_string(Napi::Object options, const char *name,
			    const char *fallback)
{
	Napi::Value value = options.Get(name);
	return value.IsUndefined() ? fallback : arg_string(value, name);
}

Napi::Uint8Array to_bytes(Napi::Env env, const void *data, size_t size)
{
	Napi::Uint8Array array = Napi::Uint8Array::New(env, size);
	if (size > 0)
		memcpy(array.Data(), data, size);
	return array;
}
