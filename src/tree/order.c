// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of modules and symbols that kmod's hash tables give.
#include "tree/order.h"

#include <string.h>

static uint32_t u16_at(const char *s)
{
	uint16_t v;

	/* Host byte order, as the tables of kmod have it. */
	memcpy(&v, s, sizeof(v));
	return v;
}

/* SuperFastHash, http://www.azillionmonkeys.com/qed/hash.html */
static uint32_t superfast_hash(const char *s, size_t size)
{
	uint32_t h = (uint32_t)size;

	for (; size >= 4; size -= 4, s += 4) {
		h += u16_at(s);
		h = (h << 16) ^ ((u16_at(s + 2) << 11) ^ h);
		h += h >> 11;
	}
	if (size == 3) {
		h += u16_at(s);
		h ^= h << 16;
		h ^= (uint32_t)(int32_t)s[2] << 18;
		h += h >> 11;
	} else if (size == 2) {
		h += u16_at(s);
		h ^= h << 11;
		h += h >> 17;
	} else if (size == 1) {
		h += (uint32_t)(int32_t)s[0];
		h ^= h << 10;
		h += h >> 1;
	}
	h ^= h << 3;
	h += h >> 5;
	h ^= h << 4;
	h += h >> 17;
	h ^= h << 25;
	h += h >> 6;
	return h;
}

static int item_compare(const void *a, const void *b)
{
	const struct order_item *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int order_by_bucket(struct order_item *items, size_t count, uint32_t buckets)
{
	_cleanup_free_ struct order_item *sorted = NULL;
	_cleanup_free_ uint32_t *bucket = NULL;
	_cleanup_free_ size_t *start = NULL;

	sorted = calloc(count + 1, sizeof(*sorted));
	bucket = calloc(count + 1, sizeof(*bucket));
	start = calloc((size_t)buckets + 2, sizeof(*start));
	if (!sorted || !bucket || !start)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		bucket[i] = superfast_hash(items[i].name,
					   strlen(items[i].name)) &
			    (buckets - 1);
		start[bucket[i] + 2]++;
	}
	for (size_t i = 2; i < (size_t)buckets + 2; i++)
		start[i] += start[i - 1];
	for (size_t i = 0; i < count; i++)
		sorted[start[bucket[i] + 1]++] = items[i];
	/* start[b] is now where bucket b begins. */
	for (size_t b = 0; b < buckets; b++)
		qsort(sorted + start[b], start[b + 1] - start[b],
		      sizeof(*sorted), item_compare);
	if (count)
		memcpy(items, sorted, count * sizeof(*sorted));
	return 0;
}
