// SPDX-License-Identifier: LGPL-2.1-or-later
// A borrowed run of bytes, and the only ways to reach into it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrows @data; valid as long as its owner says. */
struct span {
	const uint8_t *data;
	size_t size;
};

#define SPAN_LITERAL(s) ((struct span){ (const uint8_t *)(s), sizeof(s) - 1 })

/* Take @len bytes at @off.  The only way that parsers reach into a file. */
static inline bool span_slice(struct span s, uint64_t off, uint64_t len,
			      struct span *ret)
{
	if (off > s.size || len > s.size - off)
		return false;
	*ret = (struct span){ s.data + off, (size_t)len };
	return true;
}

/* The NUL-terminated string at @off; false when no NUL follows in @s. */
static inline bool span_string(struct span s, uint64_t off, const char **ret)
{
	if (off >= s.size || !memchr(s.data + off, 0, s.size - (size_t)off))
		return false;
	*ret = (const char *)s.data + off;
	return true;
}

static inline bool span_u8(struct span s, uint64_t off, uint8_t *ret)
{
	if (off >= s.size)
		return false;
	*ret = s.data[off];
	return true;
}

/* Integers of either byte order at any alignment; @big: most significant first.
 */
static inline bool span_u16(struct span s, uint64_t off, bool big,
			    uint16_t *ret)
{
	uint16_t v;

	if (off > s.size || s.size - off < sizeof(v))
		return false;
	memcpy(&v, s.data + off, sizeof(v));
	*ret = big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ?
		       v :
		       __builtin_bswap16(v);
	return true;
}

static inline bool span_u32(struct span s, uint64_t off, bool big,
			    uint32_t *ret)
{
	uint32_t v;

	if (off > s.size || s.size - off < sizeof(v))
		return false;
	memcpy(&v, s.data + off, sizeof(v));
	*ret = big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ?
		       v :
		       __builtin_bswap32(v);
	return true;
}

static inline bool span_u64(struct span s, uint64_t off, bool big,
			    uint64_t *ret)
{
	uint64_t v;

	if (off > s.size || s.size - off < sizeof(v))
		return false;
	memcpy(&v, s.data + off, sizeof(v));
	*ret = big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ?
		       v :
		       __builtin_bswap64(v);
	return true;
}

static inline bool span_equals(struct span a, struct span b)
{
	return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}
