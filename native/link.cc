/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <cerrno>
#include <cstring>

#include <bpf/bpf.h>

#include "addon.h"
#include "args.h"
#include "attach.h"
#include "program.h"

namespace {
std::string device_name(uint32_t ifindex)
{
	return "device " + std::to_string(ifindex);
}

std::string type_name(uint32_t type)
{
	switch (type) {
	case BPF_LINK_TYPE_CGROUP:
		return "cgroup";
	case BPF_LINK_TYPE_XDP:
		return "xdp";
	case LINK_TYPE_TCX:
		return "tcx";
	default:
		return std::to_string(type);
	}
}
} /* namespace */

Napi::Function BpfLink::define(Napi::Env env)
{
	Napi::Function constructor = DefineClass(
		env, "BpfLink",
		{
			StaticMethod("fromPin", &BpfLink::from_pin),
			StaticMethod("attachTcx", &BpfLink::attach_tcx),
			StaticMethod("attachCgroup", &BpfLink::attach_cgroup),
			StaticMethod("attachXdp", &BpfLink::attach_xdp),
			InstanceAccessor("info", &BpfLink::info, nullptr),
			InstanceMethod("pin", &BpfLink::pin),
			InstanceMethod("update", &BpfLink::update),
			InstanceMethod("detach", &BpfLink::detach),
			InstanceMethod("close", &BpfLink::close),
		});
	addon_data(env).link = Napi::Persistent(constructor);
	return constructor;
}

Napi::Value BpfLink::wrap(Napi::Env env, Handle handle)
{
	return addon_data(env).link.New(
		{ Napi::External<Handle>::New(env, &handle) });
}

BpfLink::BpfLink(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<BpfLink>(info)
{
	if (!info[0].IsExternal())
		throw Napi::TypeError::New(
			info.Env(),
			"A BpfLink comes from fromPin or one of the attach calls.");
	handle_ = std::move(*info[0].As<Napi::External<Handle>>().Data());
}

Napi::Value BpfLink::from_pin(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	Fd fd(bpf_obj_get(path.c_str()));
	if (!fd.valid())
		fail(info.Env(), { errno, "link open", path });
	return wrap(info.Env(), { std::move(fd), path });
}

Napi::Value BpfLink::attach_tcx(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int program = BpfProgram::from(info[0]).fd(env, "TCX attach");
	Napi::Object options = arg_object(info[1], "options");
	const uint32_t ifindex = arg_u32(options.Get("ifindex"), "ifindex");
	const bool ingress = arg_is_ingress(options.Get("direction"));
	TcxPlace place;
	Napi::Value before = options.Get("before");
	if (before.IsString())
		place.first = arg_string(before, "anchor") == "first";
	if (!before.IsUndefined() && !place.first)
		place.before = arg_u32(before, "program id in \"before\"");
	Fd fd(tcx_link_create(program, ifindex, ingress, place));
	if (!fd.valid())
		fail(env, { errno, "TCX attach", device_name(ifindex) });
	return wrap(env, { std::move(fd), device_name(ifindex) });
}

Napi::Value BpfLink::attach_cgroup(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int program = BpfProgram::from(info[0]).fd(env, "cgroup attach");
	Napi::Object options = arg_object(info[1], "options");
	const std::string path = arg_string(options.Get("cgroup"), "cgroup");
	const auto type = static_cast<bpf_attach_type>(
		arg_attach_type(options.Get("attachType")));
	const Fd cgroup = open_cgroup(env, path, "cgroup attach");
	Fd fd(bpf_link_create(program, cgroup.get(), type, nullptr));
	if (!fd.valid())
		fail(env, { errno, "cgroup attach", path });
	return wrap(env, { std::move(fd), path });
}

Napi::Value BpfLink::attach_xdp(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int program = BpfProgram::from(info[0]).fd(env, "XDP attach");
	Napi::Object options = arg_object(info[1], "options");
	const uint32_t ifindex = arg_u32(options.Get("ifindex"), "ifindex");
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = optional_u32(options, "flags", 0));
	Fd fd(bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP,
			      &opts));
	if (!fd.valid())
		fail(env, { errno, "XDP attach", device_name(ifindex) });
	return wrap(env, { std::move(fd), device_name(ifindex) });
}

Napi::Value BpfLink::info(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bpf_link_info raw = {};
	uint32_t size = sizeof(raw);
	const int err = bpf_obj_get_info_by_fd(handle_.get(env, "link info"),
					       &raw, &size);
	if (err)
		fail(env, { err, "link info", handle_.name });

	/* struct { u32 ifindex; u32 attach_type; } where xdp's ifindex is. */
	uint32_t tcx[2];
	memcpy(tcx, &raw.xdp, sizeof(tcx));
	const bool is_cgroup = raw.type == BPF_LINK_TYPE_CGROUP;
	const bool is_tcx = raw.type == LINK_TYPE_TCX;
	const bool is_xdp = raw.type == BPF_LINK_TYPE_XDP;
	uint32_t attach_type = 0;
	if (is_cgroup)
		attach_type = raw.cgroup.attach_type;
	if (is_tcx)
		attach_type = tcx[1];

	Napi::Object result = Napi::Object::New(env);
	result["id"] = raw.id;
	result["type"] = type_name(raw.type);
	result["programId"] = raw.prog_id;
	result["ifindex"] = is_tcx || is_xdp ? tcx[0] : 0;
	result["cgroupId"] = Napi::BigInt::New(
		env, is_cgroup ? uint64_t{ raw.cgroup.cgroup_id } : 0);
	result["attachType"] = attach_type;
	return result;
}

void BpfLink::pin(const Napi::CallbackInfo &info)
{
	const std::string path = arg_string(info[0], "path");
	const int err =
		bpf_obj_pin(handle_.get(info.Env(), "link pin"), path.c_str());
	if (err)
		fail(info.Env(), { err, "link pin", path });
}

void BpfLink::update(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int program = BpfProgram::from(info[0]).fd(env, "link update");
	LIBBPF_OPTS(bpf_link_update_opts, opts);
	if (!info[1].IsUndefined()) {
		opts.flags = BPF_F_REPLACE;
		opts.old_prog_fd = static_cast<uint32_t>(
			BpfProgram::from(info[1]).fd(env, "link update"));
	}
	const int err = bpf_link_update(handle_.get(env, "link update"),
					program, &opts);
	if (err)
		fail(env, { err, "link update", handle_.name });
}

void BpfLink::detach(const Napi::CallbackInfo &info)
{
	const int err = bpf_link_detach(handle_.get(info.Env(), "link detach"));
	if (err)
		fail(info.Env(), { err, "link detach", handle_.name });
}

Fd BpfLink::duplicate(Napi::Env env) const
{
	Fd fd = Fd::duplicate(handle_.get(env, "link open"));
	if (!fd.valid())
		fail(env, { errno, "link open", handle_.name });
	return fd;
}

void BpfLink::close(const Napi::CallbackInfo &)
{
	handle_.fd.reset();
}
