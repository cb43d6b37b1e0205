/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel is and can do; mounts of bpffs. */
#ifndef SLUICE_NATIVE_SYSTEM_H
#define SLUICE_NATIVE_SYSTEM_H

#include <napi.h>

Napi::Value netns_cookie(const Napi::CallbackInfo &info);
Napi::Value netns_inode(const Napi::CallbackInfo &info);
Napi::Value mount_bpffs(const Napi::CallbackInfo &info);
void unmount(const Napi::CallbackInfo &info);
Napi::Value is_bpffs(const Napi::CallbackInfo &info);
Napi::Value possible_cpus(const Napi::CallbackInfo &info);
Napi::Value probe_helper(const Napi::CallbackInfo &info);
Napi::Value probe_program_type(const Napi::CallbackInfo &info);
Napi::Value probe_map_type(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_SYSTEM_H */
