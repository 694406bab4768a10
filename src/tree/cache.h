// SPDX-License-Identifier: LGPL-2.1-or-later
// What was read from module files, kept for the next run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lkm/error.h>

#include "base/cache.h"
#include "base/map.h"
#include "base/span.h"
#include "base/vec.h"
#include "tree/names.h"
#include "tree/scan.h"

/*
 * Where it is; @release and the module directory's identity give the place its
 * name.
 */
struct cache_place tree_cache_place(const char *release,
				    const struct file_id *module_dir);

struct cache_entry {
	const char *path;
	struct file_id id;
	struct facts facts;
};

/* Zero-initialise. */
struct cache {
	struct names names; /* the strings of all entries */
	uint32_t *ids;
	struct cache_entry *entries;
	size_t count;
	struct map by_path; /* to the entry */
	int64_t time;	    /* when its files were looked at */
};

/* Read what is kept in @file.  Nothing usable: an empty cache.  0, -ENOMEM. */
int cache_load(const struct cache_place *place, const char *file,
	       struct cache *ret) _must_check_;
/* As above, of bytes that outlive it. */
int cache_parse(struct cache *c, struct span bytes) _must_check_;
/* The entry of @path if it still counts, else NULL. */
const struct cache_entry *cache_find(const struct cache *c, const char *path,
				     const struct file_id *id);
void cache_release(struct cache *c);

/*
 * Replace @file.  @time: clock before the first of the files was looked at.
 * 0 or negative errno; a failure leaves the old one or none.
 */
int cache_save(const struct cache_place *place, const char *file,
	       const struct cache_entry *entries, size_t count, int64_t time);
