/* SPDX-License-Identifier: Apache-2.0 */
#include "ring-buffer.h"

#include <atomic>
#include <cerrno>
#include <deque>
#include <mutex>
#include <vector>

#include <bpf/libbpf.h>

#include "addon.h"
#include "args.h"
#include "feed.h"
#include "map.h"

namespace {
constexpr size_t MAX_BATCHES = 64;
/* While JavaScript is busy, wake-ups add to the last batch up to that size. */
constexpr size_t BATCH_SIZE = 16384;
} /* namespace */

class RingFeed : public Feed {
      public:
	/* 0 or -errno */
	int open(int map)
	{
		ring_.reset(ring_buffer__new(map, collect, this, nullptr));
		return ring_ ? 0 : -errno;
	}
	double lost() const
	{
		return static_cast<double>(lost_.load());
	}

      protected:
	int poll_fd() const override
	{
		return ring_buffer__epoll_fd(ring_.get());
	}
	bool read() override;
	void deliver(Napi::Env env, Napi::Function callback) override;

      private:
	using Batch = std::vector<uint8_t>;
	struct Closer {
		void operator()(ring_buffer *ring) const
		{
			ring_buffer__free(ring);
		}
	};

	static int collect(void *feed, void *data, size_t size);

	std::unique_ptr<ring_buffer, Closer> ring_;
	Batch batch_; /* the thread's */
	uint64_t records_ = 0;
	std::atomic<uint64_t> lost_ = 0;
	std::mutex mutex_;
	std::deque<Batch> batches_;
};

int RingFeed::collect(void *context, void *data, size_t size)
{
	auto *feed = static_cast<RingFeed *>(context);
	const auto length = static_cast<uint32_t>(size);
	const auto *header = reinterpret_cast<const uint8_t *>(&length);
	const auto *bytes = static_cast<const uint8_t *>(data);
	feed->batch_.insert(feed->batch_.end(), header,
			    header + sizeof(length));
	feed->batch_.insert(feed->batch_.end(), bytes, bytes + size);
	feed->records_++;
	return 0;
}

bool RingFeed::read()
{
	batch_.clear();
	records_ = 0;
	ring_buffer__consume(ring_.get());
	if (records_ == 0)
		return true;
	{
		const std::lock_guard<std::mutex> lock(mutex_);
		if (!batches_.empty() && batches_.back().size() < BATCH_SIZE) {
			Batch &last = batches_.back();
			last.insert(last.end(), batch_.begin(), batch_.end());
		} else if (batches_.size() < MAX_BATCHES) {
			batches_.push_back(batch_);
		} else {
			lost_ += records_;
			return true;
		}
	}
	notify();
	return true;
}

void RingFeed::deliver(Napi::Env env, Napi::Function callback)
{
	std::deque<Batch> batches;
	{
		const std::lock_guard<std::mutex> lock(mutex_);
		batches.swap(batches_);
	}
	for (const Batch &batch : batches)
		callback.Call({ to_bytes(env, batch.data(), batch.size()) });
}

Napi::Function RingBuffer::define(Napi::Env env)
{
	return DefineClass(
		env, "RingBuffer",
		{
			InstanceAccessor("lost", &RingBuffer::lost, nullptr),
			InstanceMethod("close", &RingBuffer::close),
		});
}

RingBuffer::RingBuffer(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<RingBuffer>(info)
{
	Napi::Env env = info.Env();
	BpfMap &map = arg_wrapped<BpfMap>(
		info[0], addon_data(env).map,
		"The map of a RingBuffer must be a BpfMap.");
	Napi::Function callback = arg_function(info[1], "callback");
	auto feed = std::make_shared<RingFeed>();
	int err = feed->open(map.fd(env, "ring buffer open"));
	if (!err)
		err = Feed::start(feed, callback, "sluice ring buffer");
	if (err)
		fail(env, { err, "ring buffer open", map.name() });
	feed_ = feed;
	open_ = true;
	Ref(); /* until close(): nobody else may hold it */
}

Napi::Value RingBuffer::lost(const Napi::CallbackInfo &info)
{
	return Napi::Number::New(info.Env(), feed_->lost());
}

void RingBuffer::close(const Napi::CallbackInfo &)
{
	feed_->stop();
	if (open_)
		Unref();
	open_ = false;
}
