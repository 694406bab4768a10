// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the index cache.  The hash is put right, or nothing would ever
// get past it.

#include <stdlib.h>
#include <string.h>

#include "tree/cache-file.h"
#include "tree/cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(const struct cache *c)
{
	size_t sum = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct cache_entry *e = &c->entries[i];

		sum += strlen(e->path);
		for (size_t k = 0; k < facts_total(&e->facts); k++)
			sum += strlen(c->names.list.data[e->facts.ids[k]]);
		sum += cache_find(c, e->path, &e->id) != NULL;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache_header head;
	struct cache cache = { 0 };
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size >= sizeof(head)) {
		memcpy(&head, copy, sizeof(head));
		head.magic = CACHE_MAGIC;
		head.version = CACHE_VERSION;
		head.hash = cache_hash(head.time, copy + sizeof(head),
				       size - sizeof(head));
		memcpy(copy, &head, sizeof(head));
	}
	if (cache_parse(&cache, (struct span){ copy, size }) < 0)
		abort();
	if (touch(&cache) == SIZE_MAX)
		abort();
	cache_release(&cache);
	free(copy);
	return 0;
}
