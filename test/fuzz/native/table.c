// SPDX-License-Identifier: Apache-2.0
/* The map helpers, as the kernel's hash tables and arrays answer. */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf_helpers.h>

enum {
	TABLES_MAX = 32,
};

struct entry {
	struct entry *next;
	void *key;
	void *value;
};

struct table {
	const void *map;
	__u32 key_size;
	__u32 value_size;
	__u32 limit;
	__u32 count;
	bool is_array;
	struct entry *first;
};

static struct table tables[TABLES_MAX];
static __u32 tables_count;

void table_add(const void *map, __u32 key_size, __u32 value_size, __u32 entries,
	       bool is_array)
{
	if (tables_count == TABLES_MAX)
		abort();
	tables[tables_count++] = (struct table){ .map = map,
						 .key_size = key_size,
						 .value_size = value_size,
						 .limit = entries,
						 .is_array = is_array };
}

static struct table *table_of(const void *map)
{
	for (__u32 i = 0; i < tables_count; i++)
		if (tables[i].map == map)
			return &tables[i];
	abort();
}

void table_limit(const void *map, __u32 entries)
{
	table_of(map)->limit = entries;
}

void table_each(const void *map, void (*see)(void *value))
{
	for (struct entry *at = table_of(map)->first; at; at = at->next)
		see(at->value);
}

static void *copy_of(const void *bytes, __u32 size)
{
	void *copy = malloc(size);

	memcpy(copy, bytes, size);
	return copy;
}

static void entry_free(struct entry *entry)
{
	free(entry->key);
	free(entry->value);
	free(entry);
}

void table_clear(const void *map)
{
	struct table *table = table_of(map);

	while (table->first) {
		struct entry *entry = table->first;

		table->first = entry->next;
		entry_free(entry);
	}
	table->count = 0;
}

/* The pointer to the entry of that key; to NULL when there is none. */
static struct entry **find(struct table *table, const void *key)
{
	struct entry **at = &table->first;

	while (*at && memcmp((*at)->key, key, table->key_size) != 0)
		at = &(*at)->next;
	return at;
}

static struct entry *insert(struct table *table, const void *key,
			    const void *value)
{
	struct entry *entry = malloc(sizeof(*entry));

	entry->key = copy_of(key, table->key_size);
	entry->value = value ? copy_of(value, table->value_size) :
			       calloc(1, table->value_size);
	entry->next = table->first;
	table->first = entry;
	table->count++;
	return entry;
}

void *bpf_map_lookup_elem(void *map, const void *key)
{
	struct table *table = table_of(map);
	struct entry *entry = *find(table, key);
	__u32 index;

	if (!entry && table->is_array) {
		memcpy(&index, key, sizeof(index));
		if (index < table->limit)
			entry = insert(table, key, NULL);
	}
	return entry ? entry->value : NULL;
}

long bpf_map_update_elem(void *map, const void *key, const void *value,
			 __u64 flags)
{
	struct table *table = table_of(map);
	struct entry *entry = *find(table, key);

	if (entry && flags == BPF_NOEXIST)
		return -EEXIST;
	if (entry)
		memcpy(entry->value, value, table->value_size);
	else if (table->count >= table->limit)
		return -E2BIG;
	else
		insert(table, key, value);
	return 0;
}

/* What was deleted stays readable until the program ends, as under RCU: the
 * datapath never reads it again all the same, so it is freed at once. */
long bpf_map_delete_elem(void *map, const void *key)
{
	struct table *table = table_of(map);
	struct entry **at = find(table, key);
	struct entry *entry = *at;

	if (!entry)
		return -ENOENT;
	*at = entry->next;
	table->count--;
	entry_free(entry);
	return 0;
}
