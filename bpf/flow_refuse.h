/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Why a packet for a service address begins no flow, and what it gets instead. */
#ifndef SLUICE_FLOW_REFUSE_H
#define SLUICE_FLOW_REFUSE_H

#include "answer.h"
#include "client.h"
#include "packet.h"
#include "service.h"
#include "service_range.h"
#include "verdict.h"

/* What flow_open() is told beside the hook. */
enum open_flag {
	OPEN_OLD = 2,       /* there may be an old flow, which is over */
	OPEN_NO_LOOKUP = 4, /* nobody has looked whether there is a flow */
};

/* True when a packet without a flow is the first of a connection, as conntrack
 * sees it (nf_conntrack_proto_tcp.c, of which an ACK may be the first where
 * nf_conntrack_tcp_loose is 1, the default; nf_conntrack_proto_sctp.c): only
 * those are refused. An ACK is not where it may be of a connection that another
 * proxy translates. */
static __always_inline bool flow_is_new(const struct packet *packet)
{
	__u8 flags =
		packet->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);

	if (packet->tuple.proto != IPPROTO_TCP &&
	    packet->tuple.proto != IPPROTO_SCTP)
		return true;
	return flags == TCP_SYN || (flags == TCP_ACK && !have_other_proxy);
}

/* True when a packet without a flow may begin one. Of SCTP only INIT, as in
 * conntrack; of TCP all that is sent, unless it may be of a connection that
 * another proxy translates. */
static __always_inline bool flow_may_begin(const struct packet *packet)
{
	if (packet_is_syn(packet) || !packet_has_states(packet))
		return true;
	return packet->tuple.proto == IPPROTO_TCP && !have_other_proxy;
}

/* True when a packet without a flow may be of a connection that the stack has:
 * a node port's number may be the source port of one that was masqueraded. */
static __always_inline bool flow_is_anothers(const struct scratch *s)
{
	return s->service.flags & FRONTEND_NODE_PORT &&
	       s->packet.tuple.proto == IPPROTO_TCP &&
	       !packet_is_syn(&s->packet);
}

/* The answer to a packet that may be for a frontend, and is for none: refused
 * when the address is a service's. Only without a flow: those go on when their
 * port is no longer served. */
static __always_inline __u32 flow_unserved(struct __sk_buff *skb,
					   struct scratch *s,
					   __u32 hook_and_flags)
{
	__u32 hook = hook_and_flags & 1;

	if (!(s->packet.flags & PACKET_TO_FRONTEND) ||
	    hook_and_flags & OPEN_NO_LOOKUP ||
	    !(service_address_flags(&s->frontend) & FRONTEND_ADDRESS))
		return VERDICT_PASS;
	if (s->packet.flags & PACKET_LATER_FRAGMENT)
		return verdict_drop(DROP_UNKNOWN_PORT);
	if (!flow_is_new(&s->packet))
		return VERDICT_PASS;
	return answer_send(skb, hook | ANSWER_UNREACHABLE << 1, 0,
			   DROP_UNKNOWN_PORT);
}

/* The answer to a packet of a client that is for no service: dropped where its
 * address belongs to Services. */
static __always_inline __u32 flow_unallocated(struct __sk_buff *skb,
					      struct scratch *s, __u32 hook)
{
	const struct control *words = control_get();

	if (!words ||
	    !service_range_maybe(words, &s->packet.tuple.dst,
				 s->packet.is_v6) ||
	    !flow_is_new(&s->packet) || !client_may_begin(skb, s, hook) ||
	    !client_prefix_holds(&service_cidrs, s, &s->packet.tuple.dst))
		return VERDICT_PASS;
	return verdict_drop(DROP_UNKNOWN_ADDRESS);
}

/* Why the packet's sender may not use the service: enum drop_reason, or
 * DROP_NONE. Loopback addresses are the socket hooks' alone (CVE-2020-8558). */
static __always_inline __u32 flow_barred(struct scratch *s)
{
	if (client_is_loopback(&s->packet.tuple.dst))
		return DROP_MARTIAN;
	return client_in_range(s) ? DROP_NONE : DROP_SOURCE_RANGE;
}

/* The answer to a packet for a service without usable backends; others than
 * the first of a connection pass. */
static __always_inline __u32 flow_refuse(struct __sk_buff *skb,
					 const struct scratch *s, __u32 hook)
{
	__u32 reason = s->service.empty == SET_EMPTY_LOCAL ?
			       DROP_NO_LOCAL_ENDPOINT :
			       DROP_NO_ENDPOINT;

	if (!flow_is_new(&s->packet))
		return VERDICT_PASS;
	count_refusal(s->service.id, reason);
	if (reason == DROP_NO_LOCAL_ENDPOINT)
		return verdict_drop(reason);
	return answer_send(skb, hook | ANSWER_UNREACHABLE << 1, 0, reason);
}

#endif /* SLUICE_FLOW_REFUSE_H */
