// SPDX-License-Identifier: LGPL-2.1-or-later
// Strings by number.
#include "tree/names.h"

uint32_t names_append(struct names *n, const char *s)
{
	const char *copy = arena_strdup(&n->strings, s);

	if (!copy || n->list.len >= NAMES_FULL - 1 || !vec_push(&n->list, copy))
		return NAMES_FULL;
	return (uint32_t)(n->list.len - 1);
}

uint32_t names_intern(struct names *n, const char *s)
{
	struct map_slot *slot = map_slot_of(&n->map, s);
	uint32_t id;

	if (!slot)
		return NAMES_FULL;
	/* Values are numbers plus one: NULL is a name that is new here. */
	if (slot->value)
		return (uint32_t)((uintptr_t)slot->value - 1);
	id = names_append(n, s);
	if (id == NAMES_FULL)
		return NAMES_FULL;
	slot->key = n->list.data[id];
	slot->value = (void *)((uintptr_t)id + 1);
	return id;
}

void names_release(struct names *n)
{
	vec_release(&n->list);
	map_release(&n->map);
	arena_release(&n->strings);
}
