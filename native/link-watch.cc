/* SPDX-License-Identifier: Apache-2.0 */
#include "link-watch.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

#include <sys/timerfd.h>

#include "args.h"
#include "error.h"
#include "feed.h"
#include "link-check.h"

namespace {
constexpr uint32_t MS_PER_S = 1000;
constexpr long NS_PER_MS = 1000000;
} /* namespace */

/*
 * The kernel notifies nobody of a link that is detached, so they are asked, on
 * a thread of its own: JavaScript, which costs a hundred times as much, is told
 * only when there is something to put back.
 */
class LinkFeed : public Feed {
      public:
	/* Asks `at_once` of the links each `period_ms`; 0 or -errno. */
	int open(uint32_t period_ms, uint32_t at_once);
	void watch(std::vector<Fd> links)
	{
		auto next = std::make_unique<std::vector<Fd>>(std::move(links));
		const std::lock_guard<std::mutex> lock(mutex_);
		given_.swap(next);
	}

      protected:
	int poll_fd() const override
	{
		return timer_.get();
	}
	bool read() override;
	void deliver(Napi::Env /*env*/, Napi::Function callback) override
	{
		callback.Call({});
	}

      private:
	void take_given();
	bool all_attached();

	Fd timer_;
	size_t at_once_ = 0;
	std::mutex mutex_; /* never held while the kernel is asked */
	std::unique_ptr<std::vector<Fd>> given_;
	std::vector<Fd> links_; /* the thread's */
	size_t next_ = 0;
};

int LinkFeed::open(uint32_t period_ms, uint32_t at_once)
{
	at_once_ = at_once;
	timer_.reset(
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	if (!timer_.valid())
		return -errno;
	itimerspec spec = {};
	spec.it_interval.tv_sec = period_ms / MS_PER_S;
	spec.it_interval.tv_nsec =
		static_cast<long>(period_ms % MS_PER_S) * NS_PER_MS;
	spec.it_value = spec.it_interval;
	return timerfd_settime(timer_.get(), 0, &spec, nullptr) ? -errno : 0;
}

bool LinkFeed::read()
{
	uint64_t expirations = 0;
	if (::read(timer_.get(), &expirations, sizeof(expirations)) < 0)
		return errno == EAGAIN || errno == EINTR;
	take_given();
	if (!all_attached())
		notify();
	return true;
}

void LinkFeed::take_given()
{
	std::unique_ptr<std::vector<Fd>> given;
	{
		const std::lock_guard<std::mutex> lock(mutex_);
		given.swap(given_);
	}
	if (!given)
		return;
	links_ = std::move(*given);
	next_ = 0;
}

/* Of the links whose turn it is. */
bool LinkFeed::all_attached()
{
	const size_t end = std::min(next_ + at_once_, links_.size());
	bool all = true;
	for (; next_ < end; next_++)
		all = link_attached(links_[next_].get()) && all;
	if (next_ == links_.size())
		next_ = 0;
	return all;
}

Napi::Function LinkWatch::define(Napi::Env env)
{
	return DefineClass(env, "LinkWatch",
			   { InstanceMethod("watch", &LinkWatch::watch),
			     InstanceMethod("close", &LinkWatch::close) });
}

LinkWatch::LinkWatch(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<LinkWatch>(info)
{
	Napi::Env env = info.Env();
	Napi::Function callback = arg_function(info[0], "callback");
	Napi::Object options = arg_object(info[1], "options");
	const uint32_t period = arg_u32(options.Get("periodMs"), "periodMs");
	const uint32_t at_once = arg_u32(options.Get("atOnce"), "atOnce");
	if (period == 0 || at_once == 0)
		throw Napi::RangeError::New(
			env, "periodMs and atOnce must not be 0.");
	auto feed = std::make_shared<LinkFeed>();
	int err = feed->open(period, at_once);
	if (!err)
		err = Feed::start(feed, callback, "sluice link watch");
	if (err)
		fail(env, { err, "link watch", "timer" });
	feed_ = feed;
	open_ = true;
	Ref(); /* until close(): nobody else may hold it */
}

void LinkWatch::watch(const Napi::CallbackInfo &info)
{
	feed_->watch(link_descriptors(info.Env(), info[0]));
}

void LinkWatch::close(const Napi::CallbackInfo &)
{
	feed_->stop();
	if (open_)
		Unref();
	open_ = false;
}
