// SPDX-License-Identifier: LGPL-2.1-or-later
// The nodes of an index, for the files that read them.
#pragma once

#include "tree/index-reader.h"

#define INDEX_HEADER 12
#define INDEX_CHARS 128

/* One node, its parts borrowed from the file. */
struct node {
	const char *prefix;
	uint32_t first, last; /* children; first > last: none */
	struct span children;
	uint64_t values; /* offset of the values */
	uint32_t value_count;
	uint64_t size; /* bytes, without the values */
};

/* Note what is wrong; -LKM_EFORMAT. */
int index_damaged(struct index_file *ix, const char *problem, uint64_t offset);
bool index_read_u32(struct index_file *ix, uint64_t off, uint32_t *ret);

/* The word of the child for @c, 0 where there is none. */
uint32_t node_child(const struct node *n, uint32_t c);
/* These are as those of index-reader.h. */
int node_read(struct index_file *ix, uint32_t word, struct node *ret)
	_must_check_;
/* The value at *@off, which moves on; *@hit: the one before it, or zero. */
int node_next_value(struct index_file *ix, uint64_t *off, struct index_hit *hit)
	_must_check_;
/* *@ret_size: bytes that the values take */
int node_add_values(struct index_file *ix, const struct node *n,
		    struct index_hits *hits, uint64_t *ret_size) _must_check_;
