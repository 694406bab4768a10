// SPDX-License-Identifier: LGPL-2.1-or-later
// What was read from module files, kept for the next run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lkm/error.h>

#include "base/map.h"
#include "base/span.h"
#include "base/vec.h"
#include "tree/names.h"
#include "tree/scan.h"

/*
 * DOC: deleting the cache costs time, never correctness.  An entry counts only
 * for a file that still has the same identity, and only when the file had come
 * to rest before it was looked at: one that was written in the same moment
 * could have changed again without its times showing it.
 */
#define CACHE_REST_NS ((int64_t)2000000000)

/*
 * Where it is: a directory of this user's alone, below /var/cache/lkm (root),
 * $XDG_CACHE_HOME/lkm or ~/.cache/lkm; below /run/lkm where /var is read-only.
 * @release and the module directory's identity give its name.
 */
struct cache_place {
	int dir; /* -1: there is none, nothing is kept */
};

struct cache_place cache_place_open(const char *release,
				    const struct file_id *module_dir);
void cache_place_close(struct cache_place *place);

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

/* Now, as file times have it. */
int64_t cache_clock(void);
/* Is the file at rest at @time? */
bool file_id_rests(const struct file_id *id, int64_t time);

/* For comparing what was written by ourselves; not against a forger. */
uint64_t cache_hash(uint64_t seed, const void *bytes, size_t size);

/*
 * A small file beside it, its bytes under a checksum; the caller's to free().
 * false: not there or not sound.
 */
bool cache_get_bytes(const struct cache_place *place, const char *file,
		     char **ret, size_t *ret_size);
bool cache_get_numbers(const struct cache_place *place, const char *file,
		       uint64_t *ret, size_t count);
int cache_put_bytes(const struct cache_place *place, const char *file,
		    const void *bytes, size_t size);
