/* SPDX-License-Identifier: Apache-2.0 */
/* linksAttached(): asks many links beside the event loop. */
#ifndef SLUICE_NATIVE_LINK_CHECK_H
#define SLUICE_NATIVE_LINK_CHECK_H

#include <vector>

#include <napi.h>

#include "handle.h"

/* Whether the link is attached; may wait for locks that others hold long. */
bool link_attached(int fd);
/* Own descriptors of an array of BpfLinks. */
std::vector<Fd> link_descriptors(Napi::Env env, Napi::Value links);

Napi::Value links_attached(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_LINK_CHECK_H */
