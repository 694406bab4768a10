// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking a reader of liblkm everything: its answers, and its errors.
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lkm/error.h>

/* A failure must have made an error with words, none of the file's own. */
static inline void check(int rc, struct lkm_error *error)
{
	char *text;

	if ((rc < 0) != (error != NULL))
		abort();
	if (!error)
		return;
	text = lkm_error_text(error);
	if (!text || !*text || strchr(text, '{') || strlen(text) > 200)
		abort();
	free(text);
	lkm_error_free(error);
}

/* Touch all bytes of an answer, so that a sanitizer sees them. */
static inline size_t look(const void *bytes, size_t size)
{
	size_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += ((const uint8_t *)bytes)[i];
	return sum;
}

static inline size_t look_at(const char *s)
{
	return s ? strlen(s) : 0;
}

#define ASK(call)                               \
	do {                                    \
		struct lkm_error *error = NULL; \
		rc = (call);                    \
		check(rc, error);               \
	} while (0)
