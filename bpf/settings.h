/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The two words of state that are not per object: settings and control. */
#ifndef SLUICE_SETTINGS_H
#define SLUICE_SETTINGS_H

#include "maps.h"

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

#endif /* SLUICE_SETTINGS_H */
