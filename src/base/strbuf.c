// SPDX-License-Identifier: LGPL-2.1-or-later
// A growing string.
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static bool strbuf_reserve(struct strbuf *b, size_t more)
{
	size_t want;
	char *grown;

	if (b->failed)
		return false;
	if (more < b->alloc - b->len)
		return true;
	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
		b->failed = true;
		return false;
	}
	want = MAX_OF(b->alloc * 2, b->len + more + 1);
	grown = realloc(b->data, MAX_OF(want, (size_t)64));
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->alloc = MAX_OF(want, (size_t)64);
	return true;
}

char *strbuf_extend(struct strbuf *b, size_t len)
{
	char *ret;

	if (!strbuf_reserve(b, len))
		return NULL;
	ret = b->data + b->len;
	b->len += len;
	b->data[b->len] = '\0';
	return ret;
}

bool strbuf_add(struct strbuf *b, const void *bytes, size_t len)
{
	char *to = strbuf_extend(b, len);

	if (to && len)
		memcpy(to, bytes, len);
	return to;
}

bool strbuf_adds(struct strbuf *b, const char *s)
{
	return strbuf_add(b, s, strlen(s));
}

bool strbuf_addc(struct strbuf *b, char c)
{
	return strbuf_add(b, &c, 1);
}

bool strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	if (n < 0 || !strbuf_reserve(b, (size_t)n))
		return false;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, b->alloc - b->len, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return true;
}

void strbuf_clear(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

void strbuf_release(struct strbuf *b)
{
	free(b->data);
	*b = (struct strbuf){ 0 };
}

char *strbuf_take(struct strbuf *b)
{
	char *ret = NULL;

	/* An empty string is a string, not a failure. */
	if (strbuf_add(b, "", 0))
		ret = take_ptr(b->data);
	strbuf_release(b);
	return ret;
}
