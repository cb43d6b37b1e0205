/* SPDX-License-Identifier: Apache-2.0 */
/* The one packet that the packet helpers work on. */
#ifndef SLUICE_FUZZ_PACKET_H
#define SLUICE_FUZZ_PACKET_H

#include <linux/bpf.h>

/* Bytes behind the packet that the bounds wrongly allow: how the tests see
 * that the sanitizers see. */
#ifndef PACKET_OVERREAD
#define PACKET_OVERREAD 0
#endif

/* Sets the packet, of whose bytes the first `linear` are in the linear part,
 * and skb->len. */
void packet_set(struct __sk_buff *skb, const __u8 *bytes, __u32 length,
		__u32 linear);

/* Frees the packet. */
void packet_free(void);

#endif /* SLUICE_FUZZ_PACKET_H */
