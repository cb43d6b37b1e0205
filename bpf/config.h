/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the loader learnt of the running kernel, written to .rodata before
 * load. Branches on a false constant are never verified, so that a helper or
 * flag that the kernel lacks does no harm.
 */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <linux/types.h>

#include <stdbool.h>

/* bpf_set_retval() in cgroup socket address programs: 5.18. */
const volatile bool have_set_retval = false;

/* BPF_F_IPV6 of bpf_l4_csum_replace(): 6.16 and stable backports. */
const volatile bool have_csum_ipv6_flag = false;

/* bpf_check_mtu(): 5.12. */
const volatile bool have_check_mtu = false;

/* bpf_sk_storage_get() in cgroup/sock_release: 5.12. Without it connections
 * made by sockets are not counted per backend, as nobody would see their end. */
const volatile bool have_release_storage = false;

/* previous_flows is the flow table of the release before (previous.h). */
const volatile bool have_previous_flows = false;

/* Connections that began before Sluice may be translated by a kube-proxy's
 * rules, whose connection tracking goes on with them. */
const volatile bool have_other_proxy = false;

/* Bits in the filter less one, a power of two less one: of the map that this
 * program got, which may be an earlier agent's. */
const volatile __u32 filter_mask = 0;

#endif /* SLUICE_CONFIG_H */
