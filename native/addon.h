/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one JavaScript environment: a worker has its own. */
#ifndef SLUICE_NATIVE_ADDON_H
#define SLUICE_NATIVE_ADDON_H

#include <napi.h>

struct AddonData {
	Napi::FunctionReference error_class;
	Napi::FunctionReference map;
	Napi::FunctionReference program;
	Napi::FunctionReference object;
	Napi::FunctionReference link;
};

inline AddonData &addon_data(Napi::Env env)
{
	return *env.GetInstanceData<AddonData>();
}

#endif /* SLUICE_NATIVE_ADDON_H */
