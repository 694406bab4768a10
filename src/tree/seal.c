// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksums that lkm puts behind an index, for its own readers.
#include "tree/seal.h"

#include <errno.h>

#include "base/crc32c.h"

#define SEAL_PAGE 4096
#define SEAL_TAIL 12 /* size, checksum, magic */
#define INDEX_ROOT 8 /* place of the root's word, whose top byte has flags */

static uint64_t seal_size(uint64_t index_size)
{
	return (index_size + SEAL_PAGE - 1) / SEAL_PAGE * 4 + SEAL_TAIL;
}

static void put_u32(struct strbuf *b, uint32_t v)
{
	const uint8_t bytes[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
				   (uint8_t)(v >> 8), (uint8_t)v };

	strbuf_add(b, bytes, sizeof(bytes));
}

static struct span bytes_of(const struct strbuf *b, size_t start, size_t size)
{
	return (struct span){ (const uint8_t *)b->data + start, size };
}

int seal_add(struct strbuf *b, size_t start)
{
	size_t end = b->len;

	b->data[start + INDEX_ROOT] |= (char)(SEAL_FOLLOWS >> 24);
	for (size_t at = start; at < end; at += SEAL_PAGE)
		put_u32(b,
			crc32c(bytes_of(b, at, MIN_OF(end - at, SEAL_PAGE))));
	put_u32(b, (uint32_t)(end - start));
	put_u32(b, crc32c(bytes_of(b, end, b->len - end)));
	put_u32(b, SEAL_MAGIC);
	return b->failed ? -ENOMEM : 0;
}

/* @ctx: the first of the checksums */
static bool page_check(const void *ctx, uint64_t page, struct span bytes)
{
	struct span sum = { (const uint8_t *)ctx + 4 * page, 4 };
	uint32_t expected;

	return span_u32(sum, 0, true, &expected) && crc32c(bytes) == expected;
}

enum seal seal_find(struct source *s)
{
	uint32_t size, sum, magic;
	struct span tail, all;

	if (s->size < SEAL_TAIL)
		return SEAL_NONE;
	if (!source_slice(s, s->size - SEAL_TAIL, SEAL_TAIL, &tail))
		return SEAL_UNREADABLE;
	if (!span_u32(tail, 0, true, &size) || !span_u32(tail, 4, true, &sum) ||
	    !span_u32(tail, 8, true, &magic) || magic != SEAL_MAGIC)
		return SEAL_NONE;
	if (s->size < size || s->size - size != seal_size(size))
		return SEAL_DAMAGED;
	if (!source_slice(s, size, s->size - size, &all))
		return SEAL_UNREADABLE;
	all.size -= SEAL_TAIL - 4;
	if (crc32c(all) != sum)
		return SEAL_DAMAGED;
	return source_check(s, size, page_check, all.data) ? SEAL_SOUND :
							     SEAL_UNREADABLE;
}
