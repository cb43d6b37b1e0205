/* SPDX-License-Identifier: Apache-2.0 */
/* What may be set in an object before it is loaded, and the load. */
#include <cerrno>
#include <cstring>

#include <bpf/bpf.h>

#include "addon.h"
#include "args.h"
#include "error.h"
#include "libbpf-log.h"
#include "map.h"
#include "object.h"
#include "variable.h"

namespace {
/* Never resident unless written: one verifier log per program. */
constexpr size_t LOG_SIZE = 1U << 24;

uint64_t variable_bits(Napi::Value value)
{
	if (value.IsBoolean())
		return value.As<Napi::Boolean>().Value() ? 1 : 0;
	if (value.IsBigInt()) {
		bool lossless = false;
		return value.As<Napi::BigInt>().Uint64Value(&lossless);
	}
	if (value.IsNumber())
		return static_cast<uint64_t>(
			value.As<Napi::Number>().Int64Value());
	throw Napi::TypeError::New(
		value.Env(),
		"The value of a variable must be a number, bigint or boolean.");
}
} /* namespace */

void BpfObject::set_max_entries(const Napi::CallbackInfo &info)
{
	bpf_map *map = find_map(info[0], "map resize");
	const int err = bpf_map__set_max_entries(
		map, arg_u32(info[1], "number of entries"));
	if (err)
		fail(info.Env(), { err, "map resize", bpf_map__name(map) });
}

void BpfObject::reuse_map(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bpf_map *map = find_map(info[0], "map reuse");
	BpfMap &existing =
		arg_wrapped<BpfMap>(info[1], addon_data(env).map,
				    "The map to reuse must be a BpfMap.");
	const int fd = existing.fd(env, "map reuse");
	bpf_map_info raw = {};
	uint32_t size = sizeof(raw);
	int err = bpf_obj_get_info_by_fd(fd, &raw, &size);
	if (!err && (raw.type != bpf_map__type(map) ||
		     raw.key_size != bpf_map__key_size(map) ||
		     raw.value_size != bpf_map__value_size(map)))
		err = -EINVAL;
	if (!err)
		err = bpf_map__reuse_fd(map, fd);
	if (err)
		fail(env, { err, "map reuse", bpf_map__name(map) });
}

void BpfObject::set_variable(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const std::string name = arg_string(info[0], "variable name");
	const uint64_t bits = variable_bits(info[1]);
	const Variable variable = find_variable(get(env, "variable set"), name);
	if (!variable.data)
		fail(env, { ENOENT, "variable set", name });
	if (variable.size > sizeof(bits))
		fail(env, { EINVAL, "variable set", name });
	/* Only hosts of the object's byte order load it: low bytes first. */
	const auto *bytes = reinterpret_cast<const uint8_t *>(&bits);
	const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	memcpy(variable.data,
	       bytes + (big_endian ? sizeof(bits) - variable.size : 0),
	       variable.size);
}

void BpfObject::set_autoload(const Napi::CallbackInfo &info)
{
	bpf_program *program = find_program(info[0], "program autoload");
	const int err = bpf_program__set_autoload(
		program, arg_bool(info[1], "autoload setting"));
	if (err)
		fail(info.Env(),
		     { err, "program autoload", bpf_program__name(program) });
}

void BpfObject::load(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bpf_object *object = get(env, "object load");
	const uint32_t level =
		info[0].IsUndefined() ?
			0 :
			optional_u32(arg_object(info[0], "options"), "logLevel",
				     0);
	bpf_program *program = nullptr;
	bpf_object__for_each_program(program, object)
	{
		if (level == 0)
			continue;
		std::unique_ptr<char[]> buffer(new char[LOG_SIZE]);
		buffer[0] = '\0';
		bpf_program__set_log_level(program, level);
		bpf_program__set_log_buf(program, buffer.get(), LOG_SIZE);
		logs_[bpf_program__name(program)] = std::move(buffer);
	}
	const LibbpfLog log;
	const int err = bpf_object__load(object);
	if (err)
		fail(env, { err, "object load", path_, log.tail() });
}
