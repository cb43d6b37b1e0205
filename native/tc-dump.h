/* SPDX-License-Identifier: Apache-2.0 */
/* tcFilters(), tcQdiscs(): what is at a hook, whoever put it there. */
#ifndef SLUICE_NATIVE_TC_DUMP_H
#define SLUICE_NATIVE_TC_DUMP_H

#include <napi.h>

Napi::Value tc_filters(const Napi::CallbackInfo &info);
Napi::Value tc_qdiscs(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_TC_DUMP_H */
