/* SPDX-License-Identifier: Apache-2.0 */
/* netfilterHooks() */
#ifndef SLUICE_NATIVE_NETFILTER_HOOKS_H
#define SLUICE_NATIVE_NETFILTER_HOOKS_H

#include <napi.h>

Napi::Value netfilter_hooks(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_NETFILTER_HOOKS_H */
