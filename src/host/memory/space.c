// SPDX-License-Identifier: GPL-2.0-only
// First fit in a range of addresses: for percpu memory and modules' code.
#include <stdlib.h>
#include <string.h>

#include "host/memory/memory.h"

/* How many pieces start at or before @p */
static size_t pieces_before(const struct space *s, uint64_t p)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->pieces[middle].start <= p)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct piece *space_find(const struct space *s, uint64_t p)
{
	size_t n = pieces_before(s, p);

	if (!n || p - s->pieces[n - 1].start >= s->pieces[n - 1].size)
		return NULL;
	return &s->pieces[n - 1];
}

static bool make_room(struct space *s)
{
	size_t room = s->room ? s->room * 2 : 1024;
	struct piece *p;

	if (s->count < s->room)
		return true;
	p = realloc(s->pieces, room * sizeof(*p));
	if (!p)
		return false;
	s->pieces = p;
	s->room = room;
	return true;
}

struct piece *space_get(struct space *s, uint64_t size, uint64_t align)
{
	uint64_t p = (s->begin + align - 1) & -align;
	size_t i;

	if (!make_room(s))
		return NULL;
	for (i = 0; i < s->count; i++) {
		const struct piece *next = &s->pieces[i];

		if (p + size <= next->start)
			break;
		p = MAX_OF(p, (next->start + next->size + align - 1) & -align);
	}
	if (p > s->end || size > s->end - p)
		return NULL;
	memmove(&s->pieces[i + 1], &s->pieces[i],
		(s->count - i) * sizeof(*s->pieces));
	s->count++;
	s->pieces[i] = (struct piece){ .start = p,
				       .size = size,
				       .sequence = ++s->sequence };
	return &s->pieces[i];
}

void space_put(struct space *s, struct piece *piece)
{
	size_t i = (size_t)(piece - s->pieces);

	s->count--;
	memmove(&s->pieces[i], &s->pieces[i + 1],
		(s->count - i) * sizeof(*s->pieces));
}
