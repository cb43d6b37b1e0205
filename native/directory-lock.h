/* SPDX-License-Identifier: Apache-2.0 */
/* lockDirectory(): one process for a directory, whatever its namespaces. */
#ifndef SLUICE_NATIVE_DIRECTORY_LOCK_H
#define SLUICE_NATIVE_DIRECTORY_LOCK_H

#include <napi.h>

Napi::Value lock_directory(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_DIRECTORY_LOCK_H */
