/* SPDX-License-Identifier: Apache-2.0 */
#include "link-check.h"

#include <utility>
#include <vector>

#include <bpf/bpf.h>

#include "addon.h"
#include "args.h"
#include "link.h"

namespace {
/*
 * The kernel takes the lock of all network devices, or of all cgroups, to say
 * where a link is attached. Others hold these for tens of milliseconds, so a
 * thread of the pool waits instead of the event loop.
 */
class LinkCheck : public Napi::AsyncWorker {
      public:
	LinkCheck(Napi::Env env, std::vector<Fd> links)
		: Napi::AsyncWorker(env)
		, deferred_(Napi::Promise::Deferred::New(env))
		, links_(std::move(links))
		, attached_(links_.size())
	{
	}

	Napi::Promise promise() const
	{
		return deferred_.Promise();
	}

      protected:
	void Execute() override
	{
		for (size_t i = 0; i < links_.size(); i++)
			attached_[i] = link_attached(links_[i].get());
	}

	void OnOK() override
	{
		Napi::Array result = Napi::Array::New(Env(), attached_.size());
		for (size_t i = 0; i < attached_.size(); i++)
			result[i] = Napi::Boolean::New(Env(), attached_[i]);
		deferred_.Resolve(result);
	}

	void OnError(const Napi::Error &error) override
	{
		deferred_.Reject(error.Value());
	}

      private:
	Napi::Promise::Deferred deferred_;
	std::vector<Fd> links_;
	std::vector<bool> attached_;
};
} /* namespace */

bool link_attached(int fd)
{
	bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	if (info.type == BPF_LINK_TYPE_CGROUP)
		return info.cgroup.cgroup_id != 0;
	/* tcx has its ifindex where xdp has. */
	return info.xdp.ifindex != 0;
}

std::vector<Fd> link_descriptors(Napi::Env env, Napi::Value value)
{
	Napi::Object links = arg_object(value, "links");
	const uint32_t count = arg_u32(links.Get("length"), "links");
	std::vector<Fd> fds;

	fds.reserve(count);
	for (uint32_t i = 0; i < count; i++)
		fds.push_back(arg_wrapped<BpfLink>(links.Get(i),
						   addon_data(env).link,
						   "This is not a BpfLink.")
				      .duplicate(env));
	return fds;
}

Napi::Value links_attached(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	/* Deletes itself when it is done. */
	auto *check = new LinkCheck(env, link_descriptors(env, info[0]));
	Napi::Promise promise = check->promise();
	check->Queue();
	return promise;
}
