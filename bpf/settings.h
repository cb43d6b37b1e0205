/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The two words of state that are not per object: settings and control. */
#ifndef SLUICE_SETTINGS_H
#define SLUICE_SETTINGS_H

#include "maps.h"
#include "word.h"

/* Never NULL in practice (an array of one); the verifier wants the check. */
static __always_inline struct settings *settings_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

static __always_inline struct control *control_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

/* Says in a word of control that there is something (enum in_use), without
 * dirtying its cache line when it says so already. */
static __always_inline void in_use_note(__u32 *word)
{
	if (READ_WORD(*word) != IN_USE)
		WRITE_WORD(*word, IN_USE);
}

/* The word of entries of this direction (enum flow_direction) at this hook. */
static __always_inline __u32 *in_use_word(struct control *words,
					  __u32 direction, __u32 hook)
{
	return &words->flows_in_use[direction << 1 | (hook & 1)];
}

/* Notes the two entries of a flow that were stored, by their hooks. */
static __always_inline void in_use_note_flow(__u8 forward_hook, __u8 reply_hook)
{
	struct control *words = control_get();

	if (!words)
		return;
	in_use_note(in_use_word(words, FLOW_FORWARD, forward_hook));
	in_use_note(in_use_word(words, FLOW_REPLY, reply_hook));
}

#endif /* SLUICE_SETTINGS_H */
