/* SPDX-License-Identifier: Apache-2.0 */
/* BpfMap: one kernel map. */
#ifndef SLUICE_NATIVE_MAP_H
#define SLUICE_NATIVE_MAP_H

#include <cstdint>
#include <string>

#include <bpf/bpf.h>
#include <napi.h>

#include "args.h"
#include "handle.h"

class BpfMap : public Napi::ObjectWrap<BpfMap> {
      public:
	static Napi::Function define(Napi::Env env);
	/* A JavaScript BpfMap for the descriptor; name "": the kernel's. */
	static Napi::Value wrap(Napi::Env env, Handle handle);
	/* Map options in JavaScript's names. */
	static Napi::Object describe(Napi::Env env, const std::string &name,
				     const bpf_map_info &info);

	explicit BpfMap(const Napi::CallbackInfo &info);

	int fd(Napi::Env env, const char *op) const
	{
		return handle_.get(env, op);
	}
	const std::string &name() const
	{
		return handle_.name;
	}

      private:
	static Napi::Value from_pin(const Napi::CallbackInfo &info);
	static Napi::Value from_id(const Napi::CallbackInfo &info);
	static Napi::Value create(const Napi::CallbackInfo &info);

	Napi::Value info(const Napi::CallbackInfo &info);
	void pin(const Napi::CallbackInfo &info);
	Napi::Value lookup(const Napi::CallbackInfo &info);
	void update(const Napi::CallbackInfo &info);
	Napi::Value remove(const Napi::CallbackInfo &info);
	void update_batch(const Napi::CallbackInfo &info);
	Napi::Value delete_batch(const Napi::CallbackInfo &info);
	Napi::Value lookup_batch(const Napi::CallbackInfo &info);
	Napi::Value memory(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	/* The map's first bytes as memory. */
	Napi::ArrayBuffer mapped(Napi::Env env, size_t size) const;
	/* A key or value argument of exactly that size. */
	Bytes sized(Napi::Value value, const char *what, size_t size) const;
	/* True when the kernel has no batch calls for this map. */
	bool no_batch(int err, uint32_t done);
	/* Entries from the cursor on, one call each. */
	int walk(int fd, Bytes cursor, uint8_t *keys, uint8_t *values,
		 uint32_t *count, uint8_t *next) const;

	Handle handle_;
	bpf_map_info info_ = {};
	size_t value_size_ = 0; /* as user space sees it: all CPUs' */
	bool batch_missing_ = false;
	Napi::ObjectReference description_;
	Napi::Reference<Napi::ArrayBuffer> memory_;
	Napi::Reference<Napi::ArrayBuffer> part_;
};

#endif /* SLUICE_NATIVE_MAP_H */
