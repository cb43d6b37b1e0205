/* SPDX-License-Identifier: Apache-2.0 */
/* Maps as lists of keys and values, each in a heap buffer of its very size. */
#ifndef SLUICE_FUZZ_TABLE_H
#define SLUICE_FUZZ_TABLE_H

#include <linux/types.h>

#include <stdbool.h>

/* Declares a map of bpf/maps.h. Of an array every index is there. */
void table_add(const void *map, __u32 key_size, __u32 value_size, __u32 entries,
	       bool is_array);

/* Allows so many entries from now on. */
void table_limit(const void *map, __u32 entries);

/* Calls back with the value of each entry. */
void table_each(const void *map, void (*see)(void *value));

/* Empties a map. */
void table_clear(const void *map);

#define TABLE_ADD(map, is_array)                                    \
	table_add(&(map), sizeof(*(map).key), sizeof(*(map).value), \
		  sizeof(*(map).max_entries) / sizeof(int), is_array)

#endif /* SLUICE_FUZZ_TABLE_H */
