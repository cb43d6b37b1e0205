/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of bpf/context.h, whose loads are instructions of BPF. Included
 * before everything, with that header's guard defined.
 */
#ifndef SLUICE_SHIM_CONTEXT_H
#define SLUICE_SHIM_CONTEXT_H

#include <linux/bpf.h>

#include <stddef.h>

struct bytes {
	void *data;
	void *end;
};

/* The linear part: a buffer of its very size, freed by each packet write. */
struct bytes packet_bytes(struct __sk_buff *skb);

#endif /* SLUICE_SHIM_CONTEXT_H */
