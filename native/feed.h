/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that reads from the kernel and a JavaScript function that is told. */
#ifndef SLUICE_NATIVE_FEED_H
#define SLUICE_NATIVE_FEED_H

#include <atomic>
#include <memory>
#include <thread>

#include <napi.h>

#include "handle.h"

class Feed {
      public:
	Feed() = default;
	virtual ~Feed() = default;
	Feed(const Feed &) = delete;
	Feed &operator=(const Feed &) = delete;
	Feed(Feed &&) = delete;
	Feed &operator=(Feed &&) = delete;

	/* Starts the thread of a feed that is ready; 0 or -errno. */
	static int start(const std::shared_ptr<Feed> &feed,
			 Napi::Function callback, const char *name);
	/* Joins the thread; nothing is delivered afterwards. Idempotent. */
	void stop();

      protected:
	/* What to wait for. */
	virtual int poll_fd() const = 0;
	/* Thread: reads what is there without waiting; false ends the thread. */
	virtual bool read() = 0;
	/* JavaScript: hands over everything that was read so far. */
	virtual void deliver(Napi::Env env, Napi::Function callback) = 0;
	/* Thread: something is to be delivered. */
	void notify();

      private:
	static void call(Napi::Env env, Napi::Function callback,
			 std::shared_ptr<Feed> *feed, void *data);
	static void cleanup(std::weak_ptr<Feed> *feed);
	void run();

	using Notifier = Napi::TypedThreadSafeFunction<std::shared_ptr<Feed>,
						       void, call>;

	Notifier notifier_;
	std::thread thread_;
	Fd stop_;
	std::atomic<bool> stopped_ = false;
	std::atomic<bool> notified_ = false;
};

#endif /* SLUICE_NATIVE_FEED_H */
