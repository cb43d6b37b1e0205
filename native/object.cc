/* SPDX-License-Identifier: Apache-2.0 */
#include "object.h"

#include <cerrno>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "addon.h"
#include "args.h"
#include "error.h"
#include "libbpf-log.h"
#include "map.h"
#include "program.h"

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
