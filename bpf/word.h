/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Fields of packed words, by the enums of types.h that end in _SHIFT/_BITS. */
#ifndef SLUICE_WORD_H
#define SLUICE_WORD_H

#include <linux/types.h>

/* WORD_FIELD(set, SET_COUNT): the SET_COUNT field of the word. */
#define WORD_FIELD(word, name) \
	((__u32)(((word) >> name##_SHIFT) & ((1ull << name##_BITS) - 1)))

/* One load of a word that user space may change at any time. */
#define READ_WORD(field) (*(const volatile typeof(field) *)&(field))

/* One store of such a word. */
#define WRITE_WORD(field, value) (*(volatile typeof(field) *)&(field) = (value))

/* Keeps the compiler from moving or merging loads across it. */
#define COMPILER_BARRIER() asm volatile("" ::: "memory")

#endif /* SLUICE_WORD_H */
