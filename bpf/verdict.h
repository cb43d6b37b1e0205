/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a station says about a packet, and the one place that turns it into
 * an action. Stations return a verdict word: enum verdict in the low byte
 * and, for VERDICT_DROP, enum drop_reason above it.
 */
#ifndef SLUICE_VERDICT_H
#define SLUICE_VERDICT_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "maps.h"
#include "settings.h"
#include "stats.h"

enum verdict {
	VERDICT_PASS = 0,     /* goes on as if Sluice were not there */
	VERDICT_NEXT = 1,     /* ask the next station */
	VERDICT_REDIRECT = 2, /* a redirect helper took it */
	VERDICT_DROP = 3,
	VERDICT_REJECT = 4, /* answered; reason counted, answer on its way */
	VERDICT_AGAIN = 5,  /* ask this station again, more carefully */
	VERDICT_STACK = 6,  /* once translated it goes on through the stack */
};

/* A drop for a named reason (enum drop_reason). */
static __always_inline __u32 verdict_drop(__u32 reason)
{
	return VERDICT_DROP | reason << 8;
}

/* An answered packet for a named reason (enum drop_reason). */
static __always_inline __u32 verdict_reject(__u32 reason)
{
	return VERDICT_REJECT | reason << 8;
}

/* What a redirect helper returned, as a verdict. */
static __always_inline __u32 verdict_redirect(long action)
{
	return action == TC_ACT_REDIRECT ? VERDICT_REDIRECT :
					   verdict_drop(DROP_REWRITE);
}

/* Reports one refused packet, when the agent listens. service: 0 when the
 * packet was refused before or without asking for it. */
static __always_inline void send_event(const struct flow_key *key,
				       __u32 service, __u32 ifindex,
				       __u32 reason)
{
	const struct settings *set = settings_get();
	struct event *event;

	if (!set || !set->events)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->key = *key;
	event->service = service;
	event->ifindex = ifindex;
	event->kind = EVENT_DROP;
	event->reason = reason;
	bpf_ringbuf_submit(event, 0);
}

/*
 * The only place where a verdict becomes an action. A pass is always
 * TC_ACT_UNSPEC (TCX_NEXT): TC_ACT_OK would skip later programs, foreign
 * policy included.
 */
static __always_inline int finish(const struct flow_key *key, __u32 service,
				  __u32 ifindex, __u32 verdict)
{
	__u32 reason = verdict >> 8;

	if (reason) {
		count_drop(reason);
		send_event(key, service, ifindex, reason);
	}
	switch (verdict & 0xff) {
	case VERDICT_REDIRECT:
	case VERDICT_REJECT:
		return TC_ACT_REDIRECT;
	case VERDICT_DROP:
		return TC_ACT_SHOT;
	default:
		return TC_ACT_UNSPEC;
	}
}

#endif /* SLUICE_VERDICT_H */
