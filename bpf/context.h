/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The linear part of a packet. */
#ifndef SLUICE_CONTEXT_H
#define SLUICE_CONTEXT_H

#include <linux/bpf.h>

#include <stddef.h>

#include "types.h"

/* First byte and end of the linear part; void after every packet write. */
struct bytes {
	void *data;
	void *end;
};

/*
 * Loads with the offset in the instruction. The compiler would else keep
 * &skb->data in a register, and the verifier refuses loads through a context
 * pointer that was added to.
 */
static __always_inline struct bytes packet_bytes(struct __sk_buff *skb)
{
	unsigned long data, end;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(data)
		     : "r"(skb), "i"(offsetof(struct __sk_buff, data)));
	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(end)
		     : "r"(skb), "i"(offsetof(struct __sk_buff, data_end)));
	return (struct bytes){ .data = (void *)data, .end = (void *)end };
}

#endif /* SLUICE_CONTEXT_H */
