/* SPDX-License-Identifier: Apache-2.0 */
/* RingBuffer: records of a BPF ring buffer, batch by batch. */
#ifndef SLUICE_NATIVE_RING_BUFFER_H
#define SLUICE_NATIVE_RING_BUFFER_H

#include <memory>

#include <napi.h>

class RingFeed;

class RingBuffer : public Napi::ObjectWrap<RingBuffer> {
      public:
	static Napi::Function define(Napi::Env env);

	explicit RingBuffer(const Napi::CallbackInfo &info);

      private:
	Napi::Value lost(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	std::shared_ptr<RingFeed> feed_;
	bool open_ = false;
};

#endif /* SLUICE_NATIVE_RING_BUFFER_H */
