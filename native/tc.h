/* SPDX-License-Identifier: Apache-2.0 */
/* clsact filters: tcHookCreate(), tcHookDestroy(), tcAttach(), tcDetach(). */
#ifndef SLUICE_NATIVE_TC_H
#define SLUICE_NATIVE_TC_H

#include <napi.h>

Napi::Value tc_hook_create(const Napi::CallbackInfo &info);
Napi::Value tc_hook_destroy(const Napi::CallbackInfo &info);
void tc_attach(const Napi::CallbackInfo &info);
Napi::Value tc_detach(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_TC_H */
