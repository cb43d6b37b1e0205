/* SPDX-License-Identifier: Apache-2.0 */
#include "tc.h"

#include <cerrno>
#include <string>

#include <bpf/libbpf.h>

#include "args.h"
#include "error.h"
#include "libbpf-log.h"
#include "program.h"

namespace {
std::string device_name(uint32_t ifindex)
{
	return "device " + std::to_string(ifindex);
}

bpf_tc_hook hook(uint32_t ifindex, bpf_tc_attach_point point)
{
	bpf_tc_hook result = {};
	result.sz = sizeof(result);
	result.ifindex = static_cast<int>(ifindex);
	result.attach_point = point;
	return result;
}

constexpr auto BOTH =
	static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);

bpf_tc_hook option_hook(Napi::Object options)
{
	return hook(arg_u32(options.Get("ifindex"), "ifindex"),
		    arg_is_ingress(options.Get("direction")) ? BPF_TC_INGRESS :
							       BPF_TC_EGRESS);
}
void set_identity(Napi::Object options, bpf_tc_opts *opts)
{
	opts->handle = arg_u32(options.Get("handle"), "handle");
	opts->priority = arg_u32(options.Get("priority"), "priority");
	if (opts->handle == 0 || opts->priority == 0 ||
	    opts->priority > UINT16_MAX)
		throw Napi::TypeError::New(
			options.Env(),
			"The handle must be 1 or more, the priority 1 to 65535.");
}
} /* namespace */

Napi::Value tc_hook_create(const Napi::CallbackInfo &info)
{
	const uint32_t ifindex = arg_u32(info[0], "ifindex");
	const LibbpfLog log;
	bpf_tc_hook both = hook(ifindex, BOTH);
	const int err = bpf_tc_hook_create(&both);
	if (err && err != -EEXIST)
		fail(info.Env(), { err, "clsact create", device_name(ifindex),
				   log.tail() });
	return Napi::Boolean::New(info.Env(), err == 0);
}

Napi::Value tc_hook_destroy(const Napi::CallbackInfo &info)
{
	const uint32_t ifindex = arg_u32(info[0], "ifindex");
	const LibbpfLog log;
	bpf_tc_hook both = hook(ifindex, BOTH);
	const int err = bpf_tc_hook_destroy(&both);
	/* EINVAL: "Cannot find specified qdisc" of older kernels. */
	if (err && err != -ENOENT && err != -EINVAL)
		fail(info.Env(), { err, "clsact destroy", device_name(ifindex),
				   log.tail() });
	return Napi::Boolean::New(info.Env(), err == 0);
}

void tc_attach(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Object options = arg_object(info[1], "options");
	bpf_tc_hook where = option_hook(options);
	LIBBPF_OPTS(bpf_tc_opts, opts);
	opts.prog_fd = BpfProgram::from(info[0]).fd(env, "tc attach");
	set_identity(options, &opts);
	opts.flags = optional_bool(options, "replace") ? BPF_TC_F_REPLACE : 0;
	const LibbpfLog log;
	const int err = bpf_tc_attach(&where, &opts);
	if (err)
		fail(env, { err, "tc attach",
			    device_name(static_cast<uint32_t>(where.ifindex)),
			    log.tail() });
}

Napi::Value tc_detach(const Napi::CallbackInfo &info)
{
	Napi::Object options = arg_object(info[0], "options");
	bpf_tc_hook where = option_hook(options);
	LIBBPF_OPTS(bpf_tc_opts, opts);
	set_identity(options, &opts);
	const LibbpfLog log;
	const int err = bpf_tc_detach(&where, &opts);
	/* EINVAL: no clsact, or no filter of that priority. */
	if (err && err != -ENOENT && err != -EINVAL)
		fail(info.Env(),
		     { err, "tc detach",
		       device_name(static_cast<uint32_t>(where.ifindex)),
		       log.tail() });
	return Napi::Boolean::New(info.Env(), err == 0);
}
