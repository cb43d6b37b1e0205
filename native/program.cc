/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <cerrno>
#include <cstdio>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "addon.h"
#include "args.h"

namespace {
constexpr size_t INSTRUCTION_SIZE = sizeof(bpf_insn);
constexpr size_t LOG_SIZE = 65536;
constexpr size_t DATA_OUT_SPARE = 256;

bpf_prog_info program_info(Napi::Env env, int fd, const std::string &name,
			   std::vector<uint32_t> *map_ids)
{
	bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (!err && map_ids && info.nr_map_ids > 0) {
		map_ids->resize(info.nr_map_ids);
		info = {};
		info.nr_map_ids = map_ids->size();
		info.map_ids = reinterpret_cast<uint64_t>(map_ids->data());
		size = sizeof(info);
		err = bpf_obj_get_info_by_fd(fd, &info, &size);
	}
	if (err)
		fail(env, { err, "program info", name });
	return info;
}

std::string hex(const uint8_t *bytes, size_t size)
{
	std::string text;
	char digits[3];
	for (size_t i = 0; i < size; i++) {
		snprintf(digits, sizeof(digits), "%02x", bytes[i]);
		text += digits;
	}
	return text;
}
} /* namespace */

Napi::Function BpfProgram::define(Napi::Env env)
{
	Napi::Function constructor = DefineClass(
		env, "BpfProgram",
		{
			StaticMethod("fromPin", &BpfProgram::from_pin),
			StaticMethod("fromId", &BpfProgram::from_id),
			StaticMethod("load", &BpfProgram::load),
			InstanceAccessor("info", &BpfProgram::info, nullptr),
			InstanceMethod("pin", &BpfProgram::pin),
			InstanceMethod("testRun", &BpfProgram::test_run),
			InstanceMethod("close", &BpfProgram::close),
		});
	addon_data(env).program = Napi::Persistent(constructor);
	return constructor;
}

Napi::Value BpfProgram::wrap(Napi::Env env, Handle handle)
{
	return addon_data(env).program.New(
		{ Napi::External<Handle>::New(env, &handle) });
}

BpfProgram &BpfProgram::from(Napi::Value value)
{
	return arg_wrapped<BpfProgram>(value, addon_data(value.Env()).program,
				       "The program must be a BpfProgram.");
}

BpfProgram::BpfProgram(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<BpfProgram>(info)
{
	if (!info[0].IsExternal())
		throw Napi::TypeError::New(
			info.Env(),
			"A BpfProgram comes from BpfObject, fromPin, fromId or load.");
	handle_ = std::move(*info[0].As<Napi::External<Handle>>().Data());
	if (handle_.name.empty())
		handle_.name = program_info(info.Env(), handle_.fd.get(),
					    "a program", nullptr)
				       .name;
}

Napi::Value BpfProgram::from_pin(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	Fd fd(bpf_obj_get(path.c_str()));
	if (!fd.valid())
		fail(info.Env(), { errno, "program open", path });
	return wrap(info.Env(), { std::move(fd), "" });
}

Napi::Value BpfProgram::from_id(const Napi::CallbackInfo &info)
{
	const uint32_t id = arg_u32(info[0], "program id");
	Fd fd(bpf_prog_get_fd_by_id(id));
	if (!fd.valid())
		fail(info.Env(), { errno, "program open", std::to_string(id) });
	return wrap(info.Env(), { std::move(fd), "" });
}

Napi::Value BpfProgram::load(const Napi::CallbackInfo &info)
{
	Napi::Object options = arg_object(info[0], "options");
	const std::string name = arg_string(options.Get("name"), "name");
	const Bytes code =
		arg_bytes(options.Get("instructions"), "instructions");
	if (code.size == 0 || code.size % INSTRUCTION_SIZE != 0)
		throw Napi::TypeError::New(
			info.Env(),
			"The instructions must be 8 bytes each, at least one.");

	std::vector<char> log(LOG_SIZE);
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = static_cast<bpf_attach_type>(
			    optional_u32(options, "expectedAttachType", 0)));
	const std::string license =
		optional_string(options, "license", "Dual BSD/GPL");
	const auto type = static_cast<bpf_prog_type>(
		arg_u32(options.Get("type"), "type"));
	const auto *instructions = reinterpret_cast<bpf_insn *>(code.data);
	const size_t count = code.size / INSTRUCTION_SIZE;
	const std::string kernel_name = name.substr(0, BPF_OBJ_NAME_LEN - 1);

	/* With a log the kernel fails for a log that is too long: ask again. */
	Fd fd(bpf_prog_load(type, kernel_name.c_str(), license.c_str(),
			    instructions, count, &opts));
	if (!fd.valid()) {
		const int err = errno;
		opts.log_buf = log.data();
		opts.log_size = log.size();
		opts.log_level = 1;
		fd.reset(bpf_prog_load(type, kernel_name.c_str(),
				       license.c_str(), instructions, count,
				       &opts));
		if (!fd.valid())
			fail(info.Env(),
			     { err, "program load", name, log.data() });
	}
	return wrap(info.Env(), { std::move(fd), name });
}

Napi::Value BpfProgram::info(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	std::vector<uint32_t> map_ids;
	const bpf_prog_info raw = program_info(env, fd(env, "program info"),
					       handle_.name, &map_ids);
	Napi::Array ids = Napi::Array::New(env, map_ids.size());
	for (size_t i = 0; i < map_ids.size(); i++)
		ids[i] = map_ids[i];

	Napi::Object result = Napi::Object::New(env);
	result["id"] = raw.id;
	result["name"] = handle_.name;
	result["type"] = raw.type;
	result["tag"] = hex(raw.tag, sizeof(raw.tag));
	result["verifiedInstructions"] = raw.verified_insns;
	result["runTimeNs"] =
		Napi::BigInt::New(env, uint64_t{ raw.run_time_ns });
	result["runCount"] = Napi::BigInt::New(env, uint64_t{ raw.run_cnt });
	result["mapIds"] = ids;
	return result;
}

void BpfProgram::pin(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	const int err =
		bpf_obj_pin(fd(info.Env(), "program pin"), path.c_str());
	if (err)
		fail(info.Env(), { err, "program pin", path });
}

Napi::Value BpfProgram::test_run(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Object options = arg_object(info[0], "options");
	const Bytes data = optional_bytes(options, "data");
	const Bytes context = optional_bytes(options, "context");
	std::vector<uint8_t> context_out(context.size);
	std::vector<uint8_t> data_out(
		optional_u32(options, "dataOutSize",
			     data.data ? data.size + DATA_OUT_SPARE : 0));

	LIBBPF_OPTS(bpf_test_run_opts, opts);
	opts.data_in = data.data;
	opts.data_size_in = data.size;
	opts.data_out = data_out.empty() ? nullptr : data_out.data();
	opts.data_size_out = data_out.size();
	opts.ctx_in = context.data;
	opts.ctx_size_in = context.size;
	opts.ctx_out = context.data ? context_out.data() : nullptr;
	opts.ctx_size_out = context_out.size();
	opts.repeat = static_cast<int>(optional_u32(options, "repeat", 1));
	opts.flags = optional_u32(options, "flags", 0);
	const int err =
		bpf_prog_test_run_opts(fd(env, "program test run"), &opts);
	if (err)
		fail(env, { err, "program test run", handle_.name });

	Napi::Object result = Napi::Object::New(env);
	result["retval"] = opts.retval;
	result["data"] = to_bytes(env, data_out.data(), opts.data_size_out);
	result["context"] =
		to_bytes(env, context_out.data(), opts.ctx_size_out);
	result["durationNs"] = opts.duration;
	return result;
}

void BpfProgram::close(const Napi::CallbackInfo &)
{
	handle_.fd.reset();
}
