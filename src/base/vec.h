// SPDX-License-Identifier: LGPL-2.1-or-later
// Growing arrays: `VEC(struct thing) things = { 0 };`
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VEC(type)             \
	struct {              \
		type *data;   \
		size_t len;   \
		size_t alloc; \
	}

/* Room for one more of @size bytes; false when memory is out. */
bool vec_grow(void **data, size_t len, size_t *alloc, size_t size);

/* Append @item; false (and @v unchanged) when memory is out. */
#define vec_push(v, item)                                     \
	(vec_grow((void **)&(v)->data, (v)->len, &(v)->alloc, \
		  sizeof(*(v)->data)) ?                       \
		 ((v)->data[(v)->len++] = (item), true) :     \
		 false)

/* Frees the array, not what its elements own. */
#define vec_release(v)            \
	do {                      \
		free((v)->data);  \
		(v)->data = NULL; \
		(v)->len = 0;     \
		(v)->alloc = 0;   \
	} while (0)
