/* SPDX-License-Identifier: Apache-2.0 */
/* Many entries in one system call, or in a loop where the kernel cannot. */
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "map.h"

namespace {
constexpr int KERNEL_ENOTSUPP = 524;

/* What a failed call says it did; it leaves the count alone if it never began. */
uint32_t written(uint32_t done, uint32_t count)
{
	return done == count ? 0 : done;
}
} /* namespace */

bool BpfMap::no_batch(int err, uint32_t done)
{
	const bool refused =
		err == -EINVAL || err == -KERNEL_ENOTSUPP || err == -EOPNOTSUPP;
	if (!refused || done != 0)
		return false;
	batch_missing_ = true;
	return true;
}

void BpfMap::update_batch(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int map = fd(env, "map update batch");
	const uint32_t count = arg_u32(info[2], "count");
	const Bytes keys =
		sized(info[0], "keys", size_t{ count } * info_.key_size);
	const Bytes values =
		sized(info[1], "values", size_t{ count } * value_size_);

	if (!batch_missing_ && count > 0) {
		LIBBPF_OPTS(bpf_map_batch_opts, opts);
		uint32_t done = count;
		const int err = bpf_map_update_batch(map, keys.data,
						     values.data, &done, &opts);
		if (!err)
			return;
		done = written(done, count);
		if (!no_batch(err, done))
			fail(env, { err, "map update batch", handle_.name, "",
				    done });
	}
	for (uint32_t i = 0; i < count; i++) {
		const int err = bpf_map_update_elem(
			map, keys.data + size_t{ i } * info_.key_size,
			values.data + size_t{ i } * value_size_, BPF_ANY);
		if (err)
			fail(env,
			     { err, "map update batch", handle_.name, "", i });
	}
}

Napi::Value BpfMap::delete_batch(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int map = fd(env, "map delete batch");
	const uint32_t count = arg_u32(info[1], "count");
	const Bytes keys =
		sized(info[0], "keys", size_t{ count } * info_.key_size);

	uint32_t removed = 0;
	uint32_t next = 0;
	while (!batch_missing_ && next < count) {
		LIBBPF_OPTS(bpf_map_batch_opts, opts);
		uint32_t done = count - next;
		const int err = bpf_map_delete_batch(
			map, keys.data + size_t{ next } * info_.key_size, &done,
			&opts);
		if (err && err != -ENOENT) {
			done = written(done, count - next);
			if (next == 0 && no_batch(err, done))
				break;
			fail(env, { err, "map delete batch", handle_.name, "",
				    removed + done });
		}
		removed += done;
		/* It stops at a key that is not there: skip that one. */
		next += done + (err ? 1 : 0);
	}
	for (; next < count; next++) {
		const int err = bpf_map_delete_elem(
			map, keys.data + size_t{ next } * info_.key_size);
		if (err && err != -ENOENT)
			fail(env, { err, "map delete batch", handle_.name, "",
				    removed });
		removed += err ? 0 : 1;
	}
	return Napi::Number::New(env, removed);
}

int BpfMap::walk(int map, Bytes cursor, uint8_t *keys, uint8_t *values,
		 uint32_t *count, uint8_t *next) const
{
	const uint32_t max = *count;
	const uint8_t *previous = cursor.data;
	*count = 0;
	while (*count < max) {
		uint8_t *key = keys + size_t{ *count } * info_.key_size;
		int err = bpf_map_get_next_key(map, previous, key);
		if (err)
			return err;
		memcpy(next, key, info_.key_size);
		previous = next;
		err = bpf_map_lookup_elem(
			map, key, values + size_t{ *count } * value_size_);
		if (err && err != -ENOENT)
			return err;
		*count += err ? 0 : 1;
	}
	return 0;
}

Napi::Value BpfMap::lookup_batch(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	const int map = fd(env, "map lookup batch");
	/* Array cursors are keys, hash tables' a bucket number. */
	const size_t cursor_size = std::max<size_t>(info_.key_size, 4);
	const Bytes cursor = info[0].IsUndefined() ?
				     Bytes{} :
				     sized(info[0], "cursor", cursor_size);
	uint32_t page = std::max<uint32_t>(arg_u32(info[1], "max"), 1);

	std::vector<uint8_t> next(cursor_size);
	std::vector<uint8_t> keys;
	std::vector<uint8_t> values;
	uint32_t count = 0;
	int err = -ENOSPC; /* a hash bucket holds more than a page */
	while (err == -ENOSPC) {
		count = page;
		keys.resize(size_t{ page } * info_.key_size);
		values.resize(size_t{ page } * value_size_);
		if (!batch_missing_) {
			LIBBPF_OPTS(bpf_map_batch_opts, opts);
			err = bpf_map_lookup_batch(map, cursor.data,
						   next.data(), keys.data(),
						   values.data(), &count,
						   &opts);
			if (err && no_batch(err, written(count, page)))
				count = page;
		}
		if (batch_missing_)
			err = walk(map, cursor, keys.data(), values.data(),
				   &count, next.data());
		page *= 2;
	}
	if (err && err != -ENOENT)
		fail(env, { err, "map lookup batch", handle_.name });

	Napi::Object result = Napi::Object::New(env);
	result["keys"] =
		to_bytes(env, keys.data(), size_t{ count } * info_.key_size);
	result["values"] =
		to_bytes(env, values.data(), size_t{ count } * value_size_);
	result["count"] = count;
	result["cursor"] =
		err ? env.Undefined() : to_bytes(env, next.data(), cursor_size);
	return result;
}
