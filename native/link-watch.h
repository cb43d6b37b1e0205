/* SPDX-License-Identifier: Apache-2.0 */
/* LinkWatch: tells when one of many links is detached. */
#ifndef SLUICE_NATIVE_LINK_WATCH_H
#define SLUICE_NATIVE_LINK_WATCH_H

#include <memory>

#include <napi.h>

class LinkFeed;

class LinkWatch : public Napi::ObjectWrap<LinkWatch> {
      public:
	static Napi::Function define(Napi::Env env);

	explicit LinkWatch(const Napi::CallbackInfo &info);

      private:
	void watch(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	std::shared_ptr<LinkFeed> feed_;
	bool open_ = false;
};

#endif /* SLUICE_NATIVE_LINK_WATCH_H */
