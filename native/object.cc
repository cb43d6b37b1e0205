/* SPDX-License-Identifier: Apache-2.0 */
#include "object.h"

#include <cerrno>
#include <cstring>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "addon.h"
#include "args.h"
#include "error.h"
#include "libbpf-log.h"
#include "map.h"
#include "program.h"
#include "variable.h"

namespace {
/* Never resident unless written: one verifier log per program. */
constexpr size_t LOG_SIZE = 16 * 1024 * 1024;

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

Napi::Function BpfObject::define(Napi::Env env)
{
	Napi::Function constructor = DefineClass(
		env, "BpfObject",
		{
			StaticMethod("open", &BpfObject::open),
			InstanceAccessor("maps", &BpfObject::maps, nullptr),
			InstanceAccessor("programs", &BpfObject::programs,
					 nullptr),
			InstanceAccessor("btf", &BpfObject::btf, nullptr),
			InstanceMethod("setMaxEntries",
				       &BpfObject::set_max_entries),
			InstanceMethod("reuseMap", &BpfObject::reuse_map),
			InstanceMethod("setVariable", &BpfObject::set_variable),
			InstanceMethod("setAutoload", &BpfObject::set_autoload),
			InstanceMethod("load", &BpfObject::load),
			InstanceMethod("map", &BpfObject::map),
			InstanceMethod("program", &BpfObject::program),
			InstanceMethod("log", &BpfObject::log),
			InstanceMethod("close", &BpfObject::close),
		});
	addon_data(env).object = Napi::Persistent(constructor);
	return constructor;
}

Napi::Value BpfObject::open(const Napi::CallbackInfo &info)
{
	return addon_data(info.Env())
		.object.New({ info[0],
			      Napi::External<AddonData>::New(
				      info.Env(), &addon_data(info.Env())) });
}

BpfObject::BpfObject(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<BpfObject>(info)
{
	if (!info[1].IsExternal())
		throw Napi::TypeError::New(
			info.Env(), "A BpfObject comes from BpfObject.open.");
	path_ = arg_string(info[0], "path");
	const LibbpfLog log;
	object_.reset(bpf_object__open_file(path_.c_str(), nullptr));
	if (!object_)
		fail(info.Env(), { errno, "object open", path_, log.tail() });
}

bpf_object *BpfObject::get(Napi::Env env, const char *op) const
{
	if (!object_)
		fail(env, { EBADF, op, path_ });
	return object_.get();
}

bpf_map *BpfObject::find_map(Napi::Value name, const char *op) const
{
	const std::string wanted = arg_string(name, "map name");
	bpf_map *map = bpf_object__find_map_by_name(get(name.Env(), op),
						    wanted.c_str());
	if (!map)
		fail(name.Env(), { ENOENT, op, wanted });
	return map;
}

bpf_program *BpfObject::find_program(Napi::Value name, const char *op) const
{
	const std::string wanted = arg_string(name, "program name");
	bpf_program *program = bpf_object__find_program_by_name(
		get(name.Env(), op), wanted.c_str());
	if (!program)
		fail(name.Env(), { ENOENT, op, wanted });
	return program;
}

Napi::Value BpfObject::maps(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Array result = Napi::Array::New(env);
	bpf_map *map = nullptr;
	bpf_object__for_each_map(map, get(env, "object maps"))
	{
		if (bpf_map__is_internal(map))
			continue;
		bpf_map_info raw = {};
		uint32_t size = sizeof(raw);
		if (bpf_map__fd(map) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_map__fd(map), &raw, &size)) {
			raw.type = bpf_map__type(map);
			raw.key_size = bpf_map__key_size(map);
			raw.value_size = bpf_map__value_size(map);
			raw.max_entries = bpf_map__max_entries(map);
			raw.map_flags = bpf_map__map_flags(map);
		}
		result[result.Length()] =
			BpfMap::describe(env, bpf_map__name(map), raw);
	}
	return result;
}

Napi::Value BpfObject::programs(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Array result = Napi::Array::New(env);
	bpf_program *program = nullptr;
	bpf_object__for_each_program(program, get(env, "object programs"))
	{
		Napi::Object entry = Napi::Object::New(env);
		entry["name"] = bpf_program__name(program);
		entry["section"] = bpf_program__section_name(program);
		entry["type"] =
			static_cast<uint32_t>(bpf_program__type(program));
		result[result.Length()] = entry;
	}
	return result;
}

Napi::Value BpfObject::btf(const Napi::CallbackInfo &info)
{
	const struct btf *btf = bpf_object__btf(get(info.Env(), "object BTF"));
	uint32_t size = 0;
	const void *data = btf ? btf__raw_data(btf, &size) : nullptr;
	if (!data)
		fail(info.Env(), { ENOENT, "object BTF", path_ });
	return to_bytes(info.Env(), data, size);
}

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

Napi::Value BpfObject::map(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bpf_map *map = find_map(info[0], "object map");
	Fd fd = Fd::duplicate(bpf_map__fd(map));
	if (!fd.valid())
		fail(env, { EINVAL, "object map", bpf_map__name(map),
			    "The object is not loaded." });
	return BpfMap::wrap(env, { std::move(fd), bpf_map__name(map) });
}

Napi::Value BpfObject::program(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bpf_program *program = find_program(info[0], "object program");
	Fd fd = Fd::duplicate(bpf_program__fd(program));
	if (!fd.valid())
		fail(env,
		     { EINVAL, "object program", bpf_program__name(program),
		       "The program is not loaded." });
	return BpfProgram::wrap(env,
				{ std::move(fd), bpf_program__name(program) });
}

Napi::Value BpfObject::log(const Napi::CallbackInfo &info)
{
	const bpf_program *program = find_program(info[0], "program log");
	const auto found = logs_.find(bpf_program__name(program));
	return Napi::String::New(
		info.Env(), found == logs_.end() ? "" : found->second.get());
}

void BpfObject::close(const Napi::CallbackInfo &)
{
	object_.reset();
	logs_.clear();
}
