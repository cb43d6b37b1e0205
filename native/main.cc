/* SPDX-License-Identifier: Apache-2.0 */
/* The module's table of contents; native/index.d.ts documents it. */
#include <napi.h>

#include "addon.h"
#include "attach.h"
#include "directory-lock.h"
#include "error.h"
#include "libbpf-log.h"
#include "iptables.h"
#include "link-check.h"
#include "link-watch.h"
#include "link.h"
#include "map.h"
#include "netfilter-hooks.h"
#include "netlink-dump.h"
#include "netlink-monitor.h"
#include "nft-chains.h"
#include "object.h"
#include "program.h"
#include "ring-buffer.h"
#include "system.h"
#include "tc-dump.h"
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
	exports["LinkWatch"] = LinkWatch::define(env);
	exports["RingBuffer"] = RingBuffer::define(env);
	exports["NetlinkMonitor"] = NetlinkMonitor::define(env);

	export_function(exports, "setErrorClass", set_error_class);
	export_function(exports, "linksAttached", links_attached);
	export_function(exports, "queryTcx", query_tcx);
	export_function(exports, "queryCgroup", query_cgroup);
	export_function(exports, "tcHookCreate", tc_hook_create);
	export_function(exports, "tcHookDestroy", tc_hook_destroy);
	export_function(exports, "tcAttach", tc_attach);
	export_function(exports, "tcDetach", tc_detach);
	export_function(exports, "tcFilters", tc_filters);
	export_function(exports, "tcQdiscs", tc_qdiscs);
	export_function(exports, "links", dump_links);
	export_function(exports, "addresses", dump_addresses);
	export_function(exports, "routes", dump_routes);
	export_function(exports, "neighbours", dump_neighbours);
	export_function(exports, "netfilterHooks", netfilter_hooks);
	export_function(exports, "nftBaseChains", nft_base_chains);
	export_function(exports, "nftChains", nft_chains);
	export_function(exports, "nftGeneration", nft_generation);
	export_function(exports, "iptablesChains", iptables_chains);
	export_function(exports, "netnsCookie", netns_cookie);
	export_function(exports, "netnsInode", netns_inode);
	export_function(exports, "lockDirectory", lock_directory);
	export_function(exports, "mountBpffs", mount_bpffs);
	export_function(exports, "unmount", unmount);
	export_function(exports, "isBpffs", is_bpffs);
	export_function(exports, "possibleCpus", possible_cpus);
	export_function(exports, "probeHelper", probe_helper);
	export_function(exports, "probeProgramType", probe_program_type);
	export_function(exports, "probeMapType", probe_map_type);
	return exports;
}
} /* namespace */

NODE_API_MODULE(sluice, init)
