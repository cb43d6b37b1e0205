/* SPDX-License-Identifier: Apache-2.0 */
/* Attach points: what libbpf 1.1 does not know of them yet, and queries. */
#ifndef SLUICE_NATIVE_ATTACH_H
#define SLUICE_NATIVE_ATTACH_H

#include <cstdint>
#include <string>

#include <napi.h>

#include "handle.h"

/* enum bpf_attach_type and bpf_link_type since Linux 6.6. */
constexpr uint32_t TCX_INGRESS = 46;
constexpr uint32_t TCX_EGRESS = 47;
constexpr uint32_t LINK_TYPE_TCX = 11;

/* Where in the list of a TCX hook a program goes. */
struct TcxPlace {
	bool first = false;
	uint32_t before = 0; /* program id; 0: none */
};

/* BPF_LINK_CREATE; a descriptor, or -1 and errno. */
int tcx_link_create(int program, uint32_t ifindex, bool ingress,
		    TcxPlace place);

/* enum bpf_attach_type of libbpf's section name, "cgroup/connect4". */
uint32_t arg_attach_type(Napi::Value value);

/* A directory of the cgroup file system, opened. */
Fd open_cgroup(Napi::Env env, const std::string &path, const char *op);

/* queryTcx(), queryCgroup() */
Napi::Value query_tcx(const Napi::CallbackInfo &info);
Napi::Value query_cgroup(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_ATTACH_H */
