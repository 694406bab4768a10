// SPDX-License-Identifier: LGPL-2.1-or-later
// What earlier runs read from module files: the cache's reader.
#include "tree/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/root.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "tree/cache-file.h"

#define CACHE_BYTES_MAX ((uint64_t)64 << 20)

/* --- reading ------------------------------------------------------------- */

/* The whole file into memory of @c; false: absent, too large, not ours. */
static bool load_bytes(const struct cache_place *place, const char *file,
		       struct cache *c, struct span *ret)
{
	struct stat st;
	_cleanup_close_ int fd = cache_open(place, file, CACHE_BYTES_MAX, &st);
	uint8_t *bytes;
	size_t have = 0;

	if (fd < 0)
		return false;
	bytes = arena_alloc(&c->names.strings, (size_t)st.st_size + 1);
	if (!bytes)
		return false;
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + have, (size_t)st.st_size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	*ret = (struct span){ bytes, have };
	return true;
}

struct cache_parts {
	struct cache_header header;
	struct span strings, entries, ids;
};

static bool find_parts(struct span all, struct cache_parts *ret)
{
	struct cache_header *h = &ret->header;
	struct span head, rest;
	uint64_t at = sizeof(*h);

	if (!span_slice(all, 0, sizeof(*h), &head))
		return false;
	memcpy(h, head.data, sizeof(*h));
	if (h->magic != CACHE_MAGIC || h->version != CACHE_VERSION ||
	    h->string_bytes > CACHE_BYTES_MAX || h->entry_count > UINT16_MAX ||
	    h->id_count > CACHE_BYTES_MAX || h->name_count > h->string_bytes)
		return false;
	if (!span_slice(all, at, all.size - at, &rest) ||
	    cache_hash(h->time, rest.data, rest.size) != h->hash)
		return false;
	if (!span_slice(all, at, h->string_bytes, &ret->strings))
		return false;
	at += h->string_bytes;
	if (!span_slice(all, at, h->entry_count * sizeof(struct cache_record),
			&ret->entries))
		return false;
	at += ret->entries.size;
	return span_slice(all, at, h->id_count * sizeof(uint32_t), &ret->ids) &&
	       at + ret->ids.size == all.size;
}

/* 1, 0: not sound, -ENOMEM */
static int load_names(struct cache *c, const struct cache_parts *p,
		      uint64_t *ret_pos)
{
	struct span rest;

	c->names.list.data = calloc(p->header.name_count + 1, sizeof(char *));
	if (!c->names.list.data)
		return -ENOMEM;
	c->names.list.alloc = p->header.name_count + 1;
	for (uint64_t i = 0; i < p->header.name_count; i++) {
		const uint8_t *end;

		if (!span_slice(p->strings, *ret_pos,
				p->strings.size - *ret_pos, &rest))
			return 0;
		end = memchr(rest.data, 0, rest.size);
		if (!end)
			return 0;
		c->names.list.data[c->names.list.len++] = (const char *)
								  rest.data;
		*ret_pos += (uint64_t)(end - rest.data) + 1;
	}
	return 1;
}

static int load_ids(struct cache *c, const struct cache_parts *p)
{
	c->ids = malloc(p->ids.size + 1);
	if (!c->ids)
		return -ENOMEM;
	memcpy(c->ids, p->ids.data, p->ids.size);
	for (uint64_t i = 0; i < p->header.id_count; i++) {
		if (c->ids[i] >= p->header.name_count)
			return 0;
	}
	return 1;
}

static int load_entry(struct cache *c, const struct cache_parts *p, uint64_t i,
		      uint64_t *pos, uint64_t *id_pos)
{
	struct cache_entry *e = &c->entries[i];
	struct cache_record record;

	memcpy(&record, p->entries.data + i * sizeof(record), sizeof(record));
	if (!span_string(p->strings, *pos, &e->path))
		return 0;
	*pos += strlen(e->path) + 1;
	e->id = record.id;
	e->facts.names = &c->names;
	e->facts.ids = c->ids + *id_pos;
	for (int k = 0; k < FACT_KINDS; k++) {
		e->facts.counts[k] = record.counts[k];
		*id_pos += record.counts[k];
	}
	if (*id_pos > p->header.id_count)
		return 0;
	return map_set(&c->by_path, e->path, e) ? 1 : -ENOMEM;
}

static int load_all(struct cache *c, const struct cache_parts *p)
{
	uint64_t pos = 0, id_pos = 0;
	int rc = load_names(c, p, &pos);

	if (rc == 1)
		rc = load_ids(c, p);
	if (rc != 1)
		return rc;
	c->time = (int64_t)p->header.time;
	c->entries = calloc(p->header.entry_count + 1, sizeof(*c->entries));
	if (!c->entries)
		return -ENOMEM;
	c->count = p->header.entry_count;
	for (uint64_t i = 0; i < c->count && rc == 1; i++)
		rc = load_entry(c, p, i, &pos, &id_pos);
	return rc;
}

int cache_parse(struct cache *c, struct span bytes)
{
	struct cache_parts parts;
	int rc = 0;

	if (find_parts(bytes, &parts))
		rc = load_all(c, &parts);
	if (rc != 1)
		cache_release(c);
	return rc < 0 ? rc : 0;
}

struct cache_place tree_cache_place(const char *release,
				    const struct file_id *module_dir)
{
	char name[192];

	if (strlen(release) > 128)
		return (struct cache_place){ .dir = -1 };
	snprintf(name, sizeof(name), "%s-%" PRIx64 "-%" PRIx64, release,
		 module_dir->dev, module_dir->ino);
	return cache_place_open(name);
}

int cache_load(const struct cache_place *place, const char *file,
	       struct cache *ret)
{
	struct span all;

	if (place->dir < 0)
		return 0;
	if (!load_bytes(place, file, ret, &all)) {
		cache_release(ret);
		return 0;
	}
	return cache_parse(ret, all);
}

const struct cache_entry *cache_find(const struct cache *c, const char *path,
				     const struct file_id *id)
{
	const struct cache_entry *e = map_get(&c->by_path, path);

	if (!e || !file_id_equals(&e->id, id) || !file_id_rests(id, c->time))
		return NULL;
	return e;
}

void cache_release(struct cache *c)
{
	names_release(&c->names);
	free(c->ids);
	free(c->entries);
	map_release(&c->by_path);
	*c = (struct cache){ 0 };
}
