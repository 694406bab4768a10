// SPDX-License-Identifier: LGPL-2.1-or-later
// Where things are kept between runs, and when they still count.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/macro.h"

/*
 * DOC: deleting the cache costs time, never correctness.  What was kept of a
 * file counts only while the file has the same identity, and only when it had
 * come to rest before it was looked at: one that was written in the same
 * moment could have changed again without its times showing it.
 */
#define CACHE_REST_NS ((int64_t)2000000000)

/* Which file it was, to see whether it is the same still. */
struct file_id {
	uint64_t dev, ino, size;
	int64_t mtime, ctime; /* nanoseconds */
};

struct file_id file_id_of(const struct stat *st);
bool file_id_equals(const struct file_id *a, const struct file_id *b);
/* Is the file at rest at @time? */
bool file_id_rests(const struct file_id *id, int64_t time);
/* Now, as file times have it. */
int64_t cache_clock(void);

/* For comparing what was written by ourselves; not against a forger. */
uint64_t cache_hash(uint64_t seed, const void *bytes, size_t size);

/*
 * A directory of this user's alone, below /var/cache/lkm (root),
 * $XDG_CACHE_HOME/lkm or ~/.cache/lkm; below /run/lkm where /var is read-only.
 */
struct cache_place {
	int dir; /* -1: there is none, nothing is kept */
};

/* Made where missing; @name is a file name. */
struct cache_place cache_place_open(const char *name);
void cache_place_close(struct cache_place *place);
/* A file there for reading, which is ours; -1: none, or above @limit bytes. */
int cache_open(const struct cache_place *place, const char *file,
	       uint64_t limit, struct stat *ret);

/* Pieces of a file, in order. */
struct cache_piece {
	const void *bytes;
	size_t size;
};

/* Replace @file; a failure leaves the old one or none.  0 or negative errno. */
int cache_put(const struct cache_place *place, const char *file,
	      const struct cache_piece *pieces, size_t count);
/*
 * A small file, its bytes under a checksum; the caller's to free().
 * false: not there or not sound.
 */
bool cache_get_bytes(const struct cache_place *place, const char *file,
		     char **ret, size_t *ret_size);
bool cache_get_numbers(const struct cache_place *place, const char *file,
		       uint64_t *ret, size_t count);
int cache_put_bytes(const struct cache_place *place, const char *file,
		    const void *bytes, size_t size);
