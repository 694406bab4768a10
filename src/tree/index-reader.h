// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading modules.*.bin: looking up, matching and listing, whatever the bytes.
#pragma once

#include <lkm/error.h>

#include "base/source.h"
#include "base/vec.h"

/*
 * DOC: the format is a trie over 7-bit characters.  All numbers have their most
 * significant byte first.
 *
 *   file:  u32 magic, u32 version (major << 16 | minor), u32 word of the root
 *   word:  offset in the low 28 bits; INDEX_HAS_* say what stands there, in
 *          this order; an offset of 0 is no node
 *   prefix:   the characters that all keys below share, and a NUL
 *   children: u8 first, u8 last, a word for each character first..last
 *   values:   u32 count, count times { u32 priority, string, NUL }
 *
 * Nodes may stand in any order: kmod up to 33 writes a node behind its
 * children, later ones before.
 *
 * A file may hold anything.  A child adds a character to its key, so keys of
 * bounded length bound the depth, cycles included; nodes in a sound file do not
 * overlap, so its size bounds how many a walk can meet.
 */
#define INDEX_MAGIC 0xb007f457
#define INDEX_MAJOR 2
#define INDEX_HAS_PREFIX 0x80000000
#define INDEX_HAS_VALUES 0x40000000
#define INDEX_HAS_CHILDREN 0x20000000
#define INDEX_RESERVED 0x10000000 /* but see seal.h */
#define INDEX_OFFSET 0x0fffffff

#define INDEX_SIZE_MAX ((uint64_t)INDEX_OFFSET + 1)
#define INDEX_FILE_MAX (INDEX_SIZE_MAX + INDEX_SIZE_MAX / 512) /* sealed */
#define INDEX_KEY_MAX 4096 /* kmod's PATH_MAX */

struct index_file {
	struct source source;
	int fd;		     /* owned; -1: none */
	uint32_t root;	     /* word of the root node */
	const char *problem; /* set with -LKM_EFORMAT: what is wrong, */
	uint64_t offset;     /* and where */
};

/* A value that a lookup found; @value lives as long as the file. */
struct index_hit {
	const char *value;
	uint32_t priority;
	uint32_t order; /* in which the walk met it */
};

struct index_hits {
	VEC(struct index_hit) list;
};

/*
 * These return 0 (index_find(): 1 found, 0 not found), -LKM_ENOMEM, or
 * -LKM_EFORMAT: the file is damaged, see ->problem.  A file that cannot be read
 * counts as damaged.
 */

/* Takes over @fd, also on failure.  A file of 0 bytes is an empty index. */
int index_open_fd(struct index_file *ix, int fd) _must_check_;
/* Takes over @bytes from malloc(). */
int index_open_heap(struct index_file *ix, uint8_t *bytes, uint64_t size)
	_must_check_;
void index_close(struct index_file *ix);

/* The values of exactly @key, in the order of the file. */
int index_find(struct index_file *ix, const char *key, struct index_hits *hits)
	_must_check_;
/*
 * The values of every key that is a pattern for @name, by priority; those of
 * one priority in the order in which kmod gives them.
 */
int index_match(struct index_file *ix, const char *name,
		struct index_hits *hits) _must_check_;
/* @key is only valid during the call.  A non-zero result ends the walk. */
typedef int (*index_each_fn)(void *ctx, const char *key,
			     const struct index_hit *hit);
/* Every entry by key; *@ret_stop is what @fn returned last. */
int index_each(struct index_file *ix, index_each_fn fn, void *ctx,
	       int *ret_stop) _must_check_;

static inline void index_hits_release(struct index_hits *hits)
{
	vec_release(&hits->list);
}

#define _cleanup_hits_ _cleanup_(index_hits_release)
