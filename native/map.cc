/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "addon.h"

namespace {
size_t round_up_8(size_t size)
{
	return (size + 7) & ~size_t{ 7 };
}

bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

uint64_t update_flags(Napi::Value mode)
{
	if (mode.IsUndefined())
		return BPF_ANY;
	const std::string name = arg_string(mode, "mode");
	if (name == "any")
		return BPF_ANY;
	if (name == "create")
		return BPF_NOEXIST;
	if (name == "replace")
		return BPF_EXIST;
	throw Napi::TypeError::New(
		mode.Env(),
		"The mode must be \"any\", \"create\" or \"replace\".");
}
} /* namespace */

Napi::Function BpfMap::define(Napi::Env env)
{
	Napi::Function constructor = DefineClass(
		env, "BpfMap",
		{
			StaticMethod("fromPin", &BpfMap::from_pin),
			StaticMethod("fromId", &BpfMap::from_id),
			StaticMethod("create", &BpfMap::create),
			InstanceAccessor("info", &BpfMap::info, nullptr),
			InstanceMethod("pin", &BpfMap::pin),
			InstanceMethod("lookup", &BpfMap::lookup),
			InstanceMethod("update", &BpfMap::update),
			InstanceMethod("delete", &BpfMap::remove),
			InstanceMethod("updateBatch", &BpfMap::update_batch),
			InstanceMethod("deleteBatch", &BpfMap::delete_batch),
			InstanceMethod("lookupBatch", &BpfMap::lookup_batch),
			InstanceMethod("memory", &BpfMap::memory),
			InstanceMethod("close", &BpfMap::close),
		});
	addon_data(env).map = Napi::Persistent(constructor);
	return constructor;
}

Napi::Value BpfMap::wrap(Napi::Env env, Handle handle)
{
	return addon_data(env).map.New(
		{ Napi::External<Handle>::New(env, &handle) });
}

BpfMap::BpfMap(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<BpfMap>(info)
{
	if (!info[0].IsExternal())
		throw Napi::TypeError::New(
			info.Env(),
			"A BpfMap comes from BpfObject, fromPin, fromId or create.");
	handle_ = std::move(*info[0].As<Napi::External<Handle>>().Data());

	uint32_t size = sizeof(info_);
	const int err = bpf_obj_get_info_by_fd(handle_.fd.get(), &info_, &size);
	if (err)
		fail(info.Env(), { err, "map info", handle_.name });
	if (handle_.name.empty())
		handle_.name = info_.name;
	value_size_ = info_.value_size;
	if (is_per_cpu(info_.type))
		value_size_ = round_up_8(info_.value_size) *
			      libbpf_num_possible_cpus();
}

Napi::Object BpfMap::describe(Napi::Env env, const std::string &name,
			      const bpf_map_info &info)
{
	Napi::Object result = Napi::Object::New(env);
	result["name"] = name;
	result["type"] = info.type;
	result["keySize"] = info.key_size;
	result["valueSize"] = info.value_size;
	result["maxEntries"] = info.max_entries;
	result["flags"] = info.map_flags;
	result["id"] = info.id;
	result.Freeze();
	return result;
}

Napi::Value BpfMap::from_pin(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	Fd fd(bpf_obj_get(path.c_str()));
	if (!fd.valid())
		fail(info.Env(), { errno, "map open", path });
	return wrap(info.Env(), { std::move(fd), "" });
}

Napi::Value BpfMap::from_id(const Napi::CallbackInfo &info)
{
	const uint32_t id = arg_u32(info[0], "map id");
	Fd fd(bpf_map_get_fd_by_id(id));
	if (!fd.valid())
		fail(info.Env(), { errno, "map open", std::to_string(id) });
	return wrap(info.Env(), { std::move(fd), "" });
}

Napi::Value BpfMap::create(const Napi::CallbackInfo &info)
{
	Napi::Object options = arg_object(info[0], "options");
	const std::string name = arg_string(options.Get("name"), "name");
	LIBBPF_OPTS(bpf_map_create_opts, create_opts,
		    .map_flags = optional_u32(options, "flags", 0));
	Fd fd(bpf_map_create(
		static_cast<bpf_map_type>(arg_u32(options.Get("type"), "type")),
		name.substr(0, BPF_OBJ_NAME_LEN - 1).c_str(),
		arg_u32(options.Get("keySize"), "keySize"),
		arg_u32(options.Get("valueSize"), "valueSize"),
		arg_u32(options.Get("maxEntries"), "maxEntries"),
		&create_opts));
	if (!fd.valid())
		fail(info.Env(), { errno, "map create", name });
	return wrap(info.Env(), { std::move(fd), name });
}

Napi::Value BpfMap::info(const Napi::CallbackInfo &info)
{
	if (description_.IsEmpty())
		description_ = Napi::Persistent(
			describe(info.Env(), handle_.name, info_));
	return description_.Value();
}

void BpfMap::pin(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	const int err = bpf_obj_pin(fd(info.Env(), "map pin"), path.c_str());
	if (err)
		fail(info.Env(), { err, "map pin", path });
}

Bytes BpfMap::sized(Napi::Value value, const char *what, size_t size) const
{
	const Bytes bytes = arg_bytes(value, what);
	if (bytes.size != size)
		throw Napi::TypeError::New(
			value.Env(), "The " + std::string(what) + " of map " +
					     handle_.name + " must have " +
					     std::to_string(size) +
					     " bytes, not " +
					     std::to_string(bytes.size) + ".");
	return bytes;
}

Napi::Value BpfMap::lookup(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const Bytes key = sized(info[0], "key", info_.key_size);
	Napi::Uint8Array value = Napi::Uint8Array::New(env, value_size_);
	const int err = bpf_map_lookup_elem(fd(env, "map lookup"), key.data,
					    value.Data());
	if (err == -ENOENT)
		return env.Undefined();
	if (err)
		fail(env, { err, "map lookup", handle_.name });
	return value;
}

void BpfMap::update(const Napi::CallbackInfo &info)
{
	const Bytes key = sized(info[0], "key", info_.key_size);
	const Bytes value = sized(info[1], "value", value_size_);
	const int err =
		bpf_map_update_elem(fd(info.Env(), "map update"), key.data,
				    value.data, update_flags(info[2]));
	if (err)
		fail(info.Env(), { err, "map update", handle_.name });
}

Napi::Value BpfMap::remove(const Napi::CallbackInfo &info)
{
	const Bytes key = sized(info[0], "key", info_.key_size);
	const int err =
		bpf_map_delete_elem(fd(info.Env(), "map delete"), key.data);
	if (err && err != -ENOENT)
		fail(info.Env(), { err, "map delete", handle_.name });
	return Napi::Boolean::New(info.Env(), err == 0);
}

Napi::Value BpfMap::memory(const Napi::CallbackInfo &info)
{
	const size_t whole =
		round_up_8(info_.value_size) * size_t{ info_.max_entries };
	if (info[0].IsUndefined()) {
		if (memory_.IsEmpty())
			memory_ = Napi::Persistent(mapped(info.Env(), whole));
		return memory_.Value();
	}
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t wanted = arg_u32(info[0], "bytes");
	const size_t size = std::min(whole, (wanted + page - 1) / page * page);
	if (!part_.IsEmpty() && part_.Value().ByteLength() == size)
		return part_.Value();
	Napi::ArrayBuffer buffer = mapped(info.Env(), size);
	/* Unmapped at once, not when it is collected. */
	if (!part_.IsEmpty())
		part_.Value().Detach();
	part_ = Napi::Persistent(buffer);
	return buffer;
}

Napi::ArrayBuffer BpfMap::mapped(Napi::Env env, size_t size) const
{
	void *data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  fd(env, "map memory"), 0);
	if (data == MAP_FAILED)
		fail(env, { errno, "map memory", handle_.name });
	return Napi::ArrayBuffer::New(env, data, size,
				      [size](Napi::Env, void *address) {
					      munmap(address, size);
				      });
}

void BpfMap::close(const Napi::CallbackInfo &)
{
	handle_.fd.reset();
}
