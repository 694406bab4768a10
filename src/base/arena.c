// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that is freed all at once.
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define ARENA_BLOCK ((size_t)64 << 10)

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

static void *arena_take(struct arena *a, size_t size, size_t align)
{
	size_t pad = -(uintptr_t)a->next & (align - 1);
	struct arena_block *b;
	char *ret;

	if (a->next && pad <= a->left && size <= a->left - pad) {
		ret = a->next + pad;
		a->next = ret + size;
		a->left -= pad + size;
		return ret;
	}
	if (size > SIZE_MAX / 2)
		return NULL;
	b = malloc(sizeof(*b) + MAX_OF(size, ARENA_BLOCK));
	if (!b)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	/* A large item gets a block of its own; the open one stays open. */
	if (size < ARENA_BLOCK / 4 || !a->next) {
		a->next = (char *)b->data + size;
		a->left = MAX_OF(size, ARENA_BLOCK) - size;
	}
	return b->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return arena_take(a, size, alignof(max_align_t));
}

void *arena_zalloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size);

	return p ? memset(p, 0, size) : NULL;
}

void *arena_memdup(struct arena *a, const void *bytes, size_t size)
{
	void *p = arena_alloc(a, size);

	return p && size ? memcpy(p, bytes, size) : p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		return NULL;
	p = arena_take(a, len + 1, 1);
	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

void arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_block **last = &from->blocks;

	while (*last)
		last = &(*last)->next;
	*last = a->blocks;
	a->blocks = from->blocks;
	*from = (struct arena){ 0 };
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	*a = (struct arena){ 0 };
}
