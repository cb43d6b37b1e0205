// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The one object: every program, so that all of them share every map. */
#include "clock_probe.bpf.c"
#include "filter_probe.bpf.c"
#include "reap.bpf.c"
#include "sock_connect.bpf.c"
#include "sock_datagram.bpf.c"
#include "tc_egress.bpf.c"
#include "tc_ingress.bpf.c"

const char LICENSE[] SEC("license") = "Dual BSD/GPL";
