// SPDX-License-Identifier: LGPL-2.1-or-later
// A hash map from strings to pointers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct map_slot {
	const char *key;
	void *value;
	uint64_t hash;
};

/* Zero-initialise.  Keys are borrowed: they must outlive the map. */
struct map {
	struct map_slot *slots;
	size_t count;
	size_t mask; /* slots - 1, a power of two less one; 0 when empty */
};

/* A seeded hash of @len bytes: file contents cannot aim at collisions. */
uint64_t hash_bytes(const void *bytes, size_t len);

/* The value of @key, NULL when absent. */
void *map_get(const struct map *m, const char *key);
void *map_get_len(const struct map *m, const char *key, size_t len);
/* Set @key to @value (not NULL); false when memory is out. */
bool map_set(struct map *m, const char *key, void *value) _must_check_;
/*
 * The slot of @key for reading or writing its value; added with a NULL value
 * where absent (the caller then sets it before the next call).  NULL: no
 * memory.
 */
struct map_slot *map_slot_of(struct map *m, const char *key) _must_check_;
void map_release(struct map *m);

#define map_foreach(m, slot)                                 \
	for (struct map_slot *slot = (m)->slots;             \
	     slot && slot <= (m)->slots + (m)->mask; slot++) \
		if (slot->key)

#define _cleanup_map_ _cleanup_(map_release)
