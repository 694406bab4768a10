// SPDX-License-Identifier: LGPL-2.1-or-later
// A growing string.  Failure sticks: append freely, look at the end.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

/* @data is NUL-terminated once anything was appended; NULL before. */
struct strbuf {
	char *data;
	size_t len;
	size_t alloc;
	bool failed; /* an allocation failed; the content is incomplete */
};

bool strbuf_add(struct strbuf *b, const void *bytes, size_t len);
/*
 * @len bytes more at the end, to be written by the caller before the next call;
 * NULL when an append has failed.
 */
char *strbuf_extend(struct strbuf *b, size_t len);
bool strbuf_adds(struct strbuf *b, const char *s);
bool strbuf_addc(struct strbuf *b, char c);
bool strbuf_addf(struct strbuf *b, const char *fmt, ...) _printf_(2, 3);
void strbuf_clear(struct strbuf *b); /* empty, memory kept */
void strbuf_release(struct strbuf *b);

/* The string, now the caller's (free()); NULL when an append had failed. */
char *strbuf_take(struct strbuf *b);

static inline const char *strbuf_str(const struct strbuf *b)
{
	return b->data ? b->data : "";
}

#define _cleanup_strbuf_ _cleanup_(strbuf_release)
