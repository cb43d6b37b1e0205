/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What of SCTP (RFC 9260) a translator has to know: which chunks begin and end
 * an association, and the checksum. */
#ifndef SLUICE_SCTP_H
#define SLUICE_SCTP_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "crc32c.h"
#include "packet.h"

/* The header that all chunks of a packet share. A checksum of 0 is none: a
 * device is yet to sum up the message (CHECKSUM_PARTIAL), with the ports that
 * it has then; of other senders one in 2^32 has that sum. A change is added to
 * all others, so that one that is wrong stays wrong. */
enum sctp_header {
	SCTP_CHECK = 8, /* where its checksum is */
	SCTP_HEADER = 12,
};

enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_SHUTDOWN_COMPLETE = 14,
	SCTP_CHUNK_TYPES = 16, /* those of RFC 9260 are below */
};

enum sctp_limit {
	SCTP_CHUNKS_MAX = 4, /* an end of the association is looked for in */
};

/* What the chunk is to the flow, as enum tcp_flag. Chunks that only say that
 * the association goes on, as data do, are nothing. */
static const __u8 sctp_chunk_flags[SCTP_CHUNK_TYPES] = {
	[SCTP_INIT] = TCP_SYN,         [SCTP_INIT_ACK] = TCP_SYN | TCP_ACK,
	[SCTP_ABORT] = TCP_RST,        [SCTP_SHUTDOWN] = TCP_FIN,
	[SCTP_SHUTDOWN_ACK] = TCP_FIN, [SCTP_SHUTDOWN_COMPLETE] = TCP_RST,
};

/*
 * Flags of the chunks from this offset on. INIT, INIT ACK and SHUTDOWN COMPLETE
 * are alone in their packet, what begins an association is at least the first
 * in it; the others may follow chunks that it still needs. Global, so that it
 * is verified once.
 */
__noinline __u32 sctp_flags(struct __sk_buff *skb, __u32 offset)
{
	__u32 flags = 0;

	if (!skb)
		return 0;
	for (int i = 0; i < SCTP_CHUNKS_MAX; i++) {
		__u8 head[4]; /* type, flags, length */
		__u32 length, type;
		__u8 may = i ? TCP_FIN | TCP_RST : 0xff;

		if (bpf_skb_load_bytes(skb, offset, head, sizeof(head)))
			break;
		type = head[0];
		if (type < SCTP_CHUNK_TYPES)
			flags |= sctp_chunk_flags[type] & may;
		length = head[2] << 8 | head[3];
		if (length < sizeof(head))
			break;
		offset += (length + 3) & ~3U;
	}
	return flags;
}

/* The bits in which two pairs of ports differ. */
static __always_inline __be32 sctp_ports_change(__be16 old_sport,
						__be16 old_dport, __be16 sport,
						__be16 dport)
{
	__be16 bits[2] = { old_sport ^ sport, old_dport ^ dport };
	__be32 ports;

	__builtin_memcpy(&ports, bits, sizeof(ports));
	return ports;
}

#endif /* SLUICE_SCTP_H */
