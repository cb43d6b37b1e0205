/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>

int Feed::start(const std::shared_ptr<Feed> &feed, Napi::Function callback,
		const char *name)
{
	feed->stop_.reset(eventfd(0, EFD_CLOEXEC));
	if (!feed->stop_.valid())
		return -errno;
	Napi::Env env = callback.Env();
	feed->notifier_ = Notifier::New(
		env, callback, name, 0, 1, new std::shared_ptr<Feed>(feed),
		[](Napi::Env, void *, std::shared_ptr<Feed> *context) {
			delete context;
		});
	/* An environment may end without close(): join before it is gone. */
	env.AddCleanupHook(cleanup, new std::weak_ptr<Feed>(feed));
	feed->thread_ = std::thread(&Feed::run, feed.get());
	return 0;
}

void Feed::cleanup(std::weak_ptr<Feed> *feed)
{
	if (const std::shared_ptr<Feed> alive = feed->lock())
		alive->stop();
	delete feed;
}

void Feed::stop()
{
	if (stopped_.exchange(true))
		return;
	eventfd_write(stop_.get(), 1);
	thread_.join();
	notifier_.Abort();
}

void Feed::notify()
{
	if (!notified_.exchange(true))
		notifier_.NonBlockingCall();
}

void Feed::call(Napi::Env env, Napi::Function callback,
		std::shared_ptr<Feed> *feed, void *)
{
	if (env == nullptr || (*feed)->stopped_)
		return;
	(*feed)->notified_ = false;
	try {
		(*feed)->deliver(env, callback);
	} catch (const Napi::Error &error) {
		/* As for any callback: 'uncaughtException'. */
		napi_fatal_exception(env, error.Value());
	}
}

void Feed::run()
{
	pollfd fds[] = { { poll_fd(), POLLIN, 0 }, { stop_.get(), POLLIN, 0 } };
	bool go_on = true;
	while (go_on) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			return;
		if (fds[0].revents)
			go_on = read();
	}
}
