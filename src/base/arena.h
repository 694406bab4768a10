// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that is freed all at once: for the many small strings of a tree.
#pragma once

#include <stddef.h>

#include "base/macro.h"

struct arena_block;

/* Zero-initialise.  Not for use from two threads at once. */
struct arena {
	struct arena_block *blocks;
	char *next; /* free room in the newest block */
	size_t left;
};

/* NULL when memory is out.  Aligned for any scalar; not zeroed. */
void *arena_alloc(struct arena *a, size_t size) _must_check_;
void *arena_zalloc(struct arena *a, size_t size) _must_check_;
void *arena_memdup(struct arena *a, const void *bytes, size_t size)
	_must_check_;
/* @len bytes of @s and a NUL, unaligned (strings are packed). */
char *arena_strndup(struct arena *a, const char *s, size_t len) _must_check_;
char *arena_strdup(struct arena *a, const char *s) _must_check_;
/* Take over all memory of @from, which is empty afterwards. */
void arena_adopt(struct arena *a, struct arena *from);
void arena_release(struct arena *a);

#define _cleanup_arena_ _cleanup_(arena_release)
