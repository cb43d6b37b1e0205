/* SPDX-License-Identifier: Apache-2.0 */
/* BpfObject: an object file on its way into the kernel. */
#ifndef SLUICE_NATIVE_OBJECT_H
#define SLUICE_NATIVE_OBJECT_H

#include <map>
#include <memory>
#include <string>

#include <bpf/libbpf.h>
#include <napi.h>

class BpfObject : public Napi::ObjectWrap<BpfObject> {
      public:
	static Napi::Function define(Napi::Env env);

	explicit BpfObject(const Napi::CallbackInfo &info);

      private:
	struct Closer {
		void operator()(bpf_object *object) const
		{
			bpf_object__close(object);
		}
	};

	static Napi::Value open(const Napi::CallbackInfo &info);

	Napi::Value maps(const Napi::CallbackInfo &info);
	Napi::Value programs(const Napi::CallbackInfo &info);
	Napi::Value btf(const Napi::CallbackInfo &info);
	void set_max_entries(const Napi::CallbackInfo &info);
	void reuse_map(const Napi::CallbackInfo &info);
	void set_variable(const Napi::CallbackInfo &info);
	void set_autoload(const Napi::CallbackInfo &info);
	void load(const Napi::CallbackInfo &info);
	Napi::Value map(const Napi::CallbackInfo &info);
	Napi::Value program(const Napi::CallbackInfo &info);
	Napi::Value log(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	/* The open object; throws EBADF after close(). */
	bpf_object *get(Napi::Env env, const char *op) const;
	bpf_map *find_map(Napi::Value name, const char *op) const;
	bpf_program *find_program(Napi::Value name, const char *op) const;

	std::unique_ptr<bpf_object, Closer> object_;
	std::string path_;
	std::map<std::string, std::unique_ptr<char[]>> logs_;
};

#endif /* SLUICE_NATIVE_OBJECT_H */
