// SPDX-License-Identifier: LGPL-2.1-or-later
// Strings by number.
#include "tree/names.h"

#include <stdbool.h>
#include <string.h>

#include "base/map.h"

uint32_t names_append(struct names *n, const char *s)
{
	const char *copy = arena_strdup(&n->strings, s);

	if (!copy || n->list.len >= NAMES_FULL - 1 || !vec_push(&n->list, copy))
		return NAMES_FULL;
	return (uint32_t)(n->list.len - 1);
}

static uint32_t names_hash(const struct names *n, const char *s, size_t len)
{
	uint64_t h = n->seed ^ len, v;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&v, s, 8);
		h = (h ^ v) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	v = 0;
	memcpy(&v, s, len);
	h = (h ^ v) * 0xc4ceb9fe1a85ec53;
	return (uint32_t)(h >> 32);
}

static bool names_grow(struct names *n)
{
	size_t slots = n->slots ? (n->mask + 1) * 2 : 1024;
	struct names_slot *grown = calloc(slots, sizeof(*grown));

	if (!grown)
		return false;
	for (size_t i = 0; n->slots && i <= n->mask; i++) {
		size_t k = n->slots[i].hash & (slots - 1);

		if (!n->slots[i].number)
			continue;
		while (grown[k].number)
			k = (k + 1) & (slots - 1);
		grown[k] = n->slots[i];
	}
	/* Seeded: the names in a file cannot aim at collisions. */
	if (!n->slots)
		n->seed = hash_bytes("names", 5);
	free(n->slots);
	n->slots = grown;
	n->mask = slots - 1;
	return true;
}

uint32_t names_intern(struct names *n, const char *s)
{
	struct names_slot *slot;
	uint32_t hash, id;

	if ((!n->slots || n->used > n->mask / 2) && !names_grow(n))
		return NAMES_FULL;
	hash = names_hash(n, s, strlen(s));
	for (size_t i = hash & n->mask;; i = (i + 1) & n->mask) {
		slot = &n->slots[i];
		if (!slot->number)
			break;
		if (slot->hash == hash &&
		    !strcmp(n->list.data[slot->number - 1], s))
			return slot->number - 1;
	}
	id = names_append(n, s);
	if (id == NAMES_FULL)
		return NAMES_FULL;
	*slot = (struct names_slot){ hash, id + 1 };
	n->used++;
	return id;
}

void names_release(struct names *n)
{
	vec_release(&n->list);
	free(n->slots);
	arena_release(&n->strings);
}
