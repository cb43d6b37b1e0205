/* SPDX-License-Identifier: Apache-2.0 */
/* linksAttached(): asks many links beside the event loop. */
#ifndef SLUICE_NATIVE_LINK_CHECK_H
#define SLUICE_NATIVE_LINK_CHECK_H

#include <napi.h>

Napi::Value links_attached(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_LINK_CHECK_H */
