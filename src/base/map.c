// SPDX-License-Identifier: LGPL-2.1-or-later
// A hash map from strings to pointers: open addressing, half full at most.
#include "base/map.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

/* Of the random bytes that the kernel gives each process (AT_RANDOM). */
static uint64_t hash_seed(void)
{
	static _Atomic uint64_t found; /* 0: not yet; each finds the same */
	uint64_t seed = atomic_load_explicit(&found, memory_order_relaxed);
	const void *random;

	if (seed)
		return seed;
	seed = 0x9e3779b97f4a7c15;
	random = (const void *)getauxval(AT_RANDOM);
	if (random)
		memcpy(&seed, random, sizeof(seed));
	seed |= 1;
	atomic_store_explicit(&found, seed, memory_order_relaxed);
	return seed;
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t h = hash_seed() ^ (len * 0x9e3779b97f4a7c15);

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t v;

		memcpy(&v, p, sizeof(v));
		h = (h ^ v) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	if (len) {
		uint64_t v = 0;

		memcpy(&v, p, len);
		h = (h ^ v) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53;
	return h ^ h >> 29;
}

static struct map_slot *map_find(const struct map *m, const char *key,
				 size_t len, uint64_t hash)
{
	for (size_t i = hash & m->mask;; i = (i + 1) & m->mask) {
		struct map_slot *slot = &m->slots[i];

		if (!slot->key)
			return slot;
		if (slot->hash == hash && strlen(slot->key) == len &&
		    !memcmp(slot->key, key, len))
			return slot;
	}
}

void *map_get_len(const struct map *m, const char *key, size_t len)
{
	if (!m->slots)
		return NULL;
	return map_find(m, key, len, hash_bytes(key, len))->value;
}

void *map_get(const struct map *m, const char *key)
{
	return map_get_len(m, key, strlen(key));
}

static bool map_rehash(struct map *m)
{
	size_t slots = m->slots ? (m->mask + 1) * 2 : 16;
	struct map grown = { calloc(slots, sizeof(struct map_slot)), m->count,
			     slots - 1 };

	if (!grown.slots)
		return false;
	map_foreach(m, slot) {
		size_t i = slot->hash & grown.mask;

		while (grown.slots[i].key)
			i = (i + 1) & grown.mask;
		grown.slots[i] = *slot;
	}
	free(m->slots);
	*m = grown;
	return true;
}

struct map_slot *map_slot_of(struct map *m, const char *key)
{
	size_t len = strlen(key);
	uint64_t hash = hash_bytes(key, len);
	struct map_slot *slot;

	if (!m->slots || m->count >= (m->mask + 1) / 2) {
		if (!map_rehash(m))
			return NULL;
	}
	slot = map_find(m, key, len, hash);
	if (!slot->key) {
		*slot = (struct map_slot){ key, NULL, hash };
		m->count++;
	}
	return slot;
}

bool map_set(struct map *m, const char *key, void *value)
{
	struct map_slot *slot = map_slot_of(m, key);

	if (!slot)
		return false;
	slot->value = value;
	return true;
}

void map_release(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}
