/* SPDX-License-Identifier: Apache-2.0 */
/* BpfLink: one attachment. */
#ifndef SLUICE_NATIVE_LINK_H
#define SLUICE_NATIVE_LINK_H

#include <napi.h>

#include "handle.h"

class BpfLink : public Napi::ObjectWrap<BpfLink> {
      public:
	static Napi::Function define(Napi::Env env);

	explicit BpfLink(const Napi::CallbackInfo &info);

	/* An own descriptor of the link; throws EBADF after close(). */
	Fd duplicate(Napi::Env env) const;

      private:
	static Napi::Value wrap(Napi::Env env, Handle handle);
	static Napi::Value from_pin(const Napi::CallbackInfo &info);
	static Napi::Value attach_tcx(const Napi::CallbackInfo &info);
	static Napi::Value attach_cgroup(const Napi::CallbackInfo &info);
	static Napi::Value attach_xdp(const Napi::CallbackInfo &info);

	Napi::Value info(const Napi::CallbackInfo &info);
	void pin(const Napi::CallbackInfo &info);
	void update(const Napi::CallbackInfo &info);
	void detach(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	Handle handle_;
};

#endif /* SLUICE_NATIVE_LINK_H */
