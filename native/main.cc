/* SPDX-License-Identifier: Apache-2.0 */
/* The module's table of contents; native/index.d.ts documents it. */
#include <napi.h>

#include "addon.h"
#include "attach.h"
#include "error.h"
#include "libbpf-log.h"
#include "link.h"
#include "map.h"
#include "object.h"
#include "program.h"
#include "tc.h"

namespace {
template <typename Callback>
void export_function(Napi::Object exports, const char *name, Callback callback)
{
	exports[name] = Napi::Function::New(exports.Env(), callback, name);
}

Napi::Object init(Napi::Env env, Napi::Object exports)
{
	silence_libbpf();
	env.SetInstanceData(new AddonData());

	exports["BpfMap"] = BpfMap::define(env);
	exports["BpfProgram"] = BpfProgram::define(env);
	exports["BpfObject"] = BpfObject::define(env);
	exports["BpfLink"] = BpfLink::define(env);

	export_function(exports, "setErrorClass", set_error_class);
	export_function(exports, "queryTcx", query_tcx);
	export_function(exports, "queryCgroup", query_cgroup);
	export_function(exports, "tcHookCreate", tc_hook_create);
	export_function(exports, "tcHookDestroy", tc_hook_destroy);
	export_function(exports, "tcAttach", tc_attach);
	export_function(exports, "tcDetach", tc_detach);
	return exports;
}
} /* namespace */

NODE_API_MODULE(sluice, init)
