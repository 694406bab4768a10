// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the index cache.  The hash is put right, or nothing would ever
// get past it.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The same bytes as a file: read, parsed, and as a few numbers. */
static void from_file(const uint8_t *bytes, size_t size)
{
	char folder[] = "/tmp/lkm-fuzz-XXXXXX";
	struct cache_place place = { -1 };
	struct cache cache = { 0 };
	uint64_t numbers[4];
	int fd;

	if (!mkdtemp(folder))
		abort();
	place.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(place.dir, "cache", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
	if (cache_load(&place, "cache", &cache) < 0 ||
	    touch(&cache) == SIZE_MAX)
		abort();
	cache_release(&cache);
	cache_get_numbers(&place, "cache", numbers, 4);
	/* What was put is what is got. */
	if (size >= sizeof(numbers)) {
		uint64_t put[4];

		memcpy(put, bytes, sizeof(put));
		if (cache_put_bytes(&place, "numbers", put, sizeof(put)) < 0 ||
		    !cache_get_numbers(&place, "numbers", numbers, 4) ||
		    memcmp(put, numbers, sizeof(put)))
			abort();
		unlinkat(place.dir, "numbers", 0);
	}
	unlinkat(place.dir, "cache", 0);
	close(place.dir);
	rmdir(folder);
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
	from_file(copy, size);
	free(copy);
	return 0;
}
