// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding kallsyms by its form: the tokens, the count, the names.
#include "vmlinux/kallsyms.h"

#include <string.h>

/* scripts/kallsyms.c: a token is at most KSYM_NAME_LEN long. */
#define TOKEN_MAX 512
/* Names, markers and order of KSYMS_MAX symbols are smaller than this. */
#define NAMES_SIZE_MAX ((uint64_t)96 << 20)
/* A marker stands for this many names. */
#define MARKER_NAMES 256
#define TOKEN_INDEX_SIZE (256 * 2)
/* What memmem() does in the time of one step. */
#define STEP_BYTES 16

static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

bool kallsyms_burn(struct kallsyms *k, uint64_t steps)
{
	if (k->fuel < steps) {
		k->fuel = 0;
		return false;
	}
	k->fuel -= steps;
	return true;
}

/* nm's letters, in both cases. */
static bool is_type(uint8_t c)
{
	return c && strchr("aAbBcCdDeEgGiInNpPrRsStTuUvVwW?-", c);
}

/* Parts of symbols' names, and they are of letters. */
static bool is_word(const uint8_t *s, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return true;
}

/* The start of token 1, from that of token '0': 47 strings before it. */
static bool tokens_back(const struct kallsyms *k, uint64_t digit, uint64_t *ret)
{
	const uint8_t *at = k->all.data + digit, *low;

	for (int i = '0'; i > 1; i--) {
		low = (size_t)(at - k->all.data) > TOKEN_MAX ? at - TOKEN_MAX :
							       k->all.data;
		if (at == low || at[-1])
			return false;
		at = memrchr(low, 0, (size_t)(at - 1 - low));
		if (!at)
			return false;
		at++;
	}
	*ret = (uint64_t)(at - k->all.data);
	return true;
}

/* Tokens 1 to 255 from @first on; the offset behind them. */
static bool tokens_read(struct kallsyms *k, uint64_t first, uint64_t *ret_end)
{
	struct span rest;

	for (int i = 1; i < 256; i++) {
		const uint8_t *end;

		if (!span_slice(k->all, first, k->all.size - first, &rest))
			return false;
		end = memchr(rest.data, 0, MIN_OF(rest.size, TOKEN_MAX));
		if (!end)
			return false;
		k->token[i] = rest.data;
		k->token_size[i] = (uint16_t)(end - rest.data);
		if (!is_word(k->token[i], k->token_size[i]))
			return false;
		first += (uint64_t)k->token_size[i] + 1;
	}
	*ret_end = first;
	return true;
}

/* Does the table at @at hold the offsets of the tokens that were read? */
static bool index_fits(const struct kallsyms *k, uint64_t at, uint64_t *ret)
{
	uint16_t offset, zero;
	uint64_t first = (uint64_t)(k->token[1] - k->all.data);

	if (!span_u16(k->all, at, k->is_big_endian, &zero) || zero ||
	    !span_u16(k->all, at + 2, k->is_big_endian, &offset) ||
	    offset < 1 || offset > first)
		return false;
	*ret = first - offset;
	for (uint64_t i = 2; i < 256; i++) {
		uint64_t is = (uint64_t)(k->token[i] - k->all.data) - *ret;

		if (!span_u16(k->all, at + 2 * i, k->is_big_endian, &offset) ||
		    offset != is)
			return false;
	}
	return true;
}

/* With the digits' strings at @digit: is this the table of tokens? */
static bool tokens_fit(struct kallsyms *k, uint64_t digit)
{
	uint64_t first, end, start;
	const uint8_t *nul;

	if (!tokens_back(k, digit, &first) || !tokens_read(k, first, &end))
		return false;
	/* Aligned to a word, of 8 bytes at most. */
	for (uint64_t at = end; at < end + 8; at++) {
		if (!index_fits(k, at, &start))
			continue;
		nul = memchr(k->all.data + start, 0, first - start);
		if (!nul || nul != k->all.data + first - 1 ||
		    first - start > TOKEN_MAX ||
		    !is_word(k->all.data + start, first - 1 - start))
			return false;
		k->token[0] = k->all.data + start;
		k->token_size[0] = (uint16_t)(first - 1 - start);
		k->tokens_at = start;
		k->index_at = at;
		return true;
	}
	return false;
}

/* The codes of the name at *@at, which moves on; up to v6.0 of one length byte.
 */
static bool name_next(const struct kallsyms *k, uint64_t *at, struct span *ret)
{
	uint8_t low, high = 0;
	uint64_t length;

	if (!span_u8(k->all, (*at)++, &low))
		return false;
	length = low;
	if (low & 0x80) {
		if (!span_u8(k->all, (*at)++, &high))
			return false;
		length = (low & 0x7f) | (uint64_t)high << 7;
	}
	if (!length || !span_slice(k->all, *at, length, ret))
		return false;
	*at += length;
	return true;
}

/* The length of a name with its type; 0 where it is none. */
static size_t name_size(const struct kallsyms *k, struct span codes)
{
	size_t size = 0;
	uint8_t type = 0;

	for (size_t i = 0; i < codes.size && size <= KSYM_NAME_MAX; i++) {
		if (!size && k->token_size[codes.data[i]])
			type = k->token[codes.data[i]][0];
		size += k->token_size[codes.data[i]];
	}
	return size < 2 || size > KSYM_NAME_MAX || !is_type(type) ? 0 : size;
}

/* @count names at @at: where they end, and the bytes they have as strings. */
static bool names_fit(struct kallsyms *k, uint64_t at, uint32_t count,
		      uint64_t *ret_end)
{
	uint64_t text = 0;
	struct span codes;

	for (uint32_t i = 0; i < count; i++) {
		size_t size = 0;

		if (name_next(k, &at, &codes))
			size = name_size(k, codes);
		if (!size || at > k->tokens_at || !kallsyms_burn(k, codes.size))
			return false;
		text += size; /* the NUL has the place of the type */
	}
	k->text_size = text;
	*ret_end = at;
	return text <= KSYM_NAMES_MAX;
}

/* Markers of @width bytes at @at, for the names at @names. */
static bool markers_fit(struct kallsyms *k, uint64_t at, unsigned int width,
			uint64_t names)
{
	uint64_t name = names, marker;
	struct span codes;
	uint32_t v;

	for (uint32_t i = 0; i < k->count; i++) {
		if (i % MARKER_NAMES == 0) {
			if (!kallsyms_burn(k, 64))
				return false;
			if (width == 4 &&
			    span_u32(k->all, at, k->is_big_endian, &v))
				marker = v;
			else if (width != 8 ||
				 !span_u64(k->all, at, k->is_big_endian,
					   &marker))
				return false;
			if (marker != name - names)
				return false;
			at += width;
		}
		if (!name_next(k, &name, &codes))
			return false;
	}
	return at <= k->tokens_at;
}

/* Is there a count of names at @at, and all of what follows it? */
static bool count_fits(struct kallsyms *k, uint64_t at)
{
	static const unsigned int pads[] = { 4, 8 };
	uint32_t count, pad;
	uint64_t names, end;

	if (!span_u32(k->all, at, k->is_big_endian, &count) || !count ||
	    count > KSYMS_MAX || count > (k->tokens_at - at) / 2 ||
	    !span_u32(k->all, at + 4, k->is_big_endian, &pad))
		return false;
	/* Two words' padding would begin a name of no length. */
	names = at + (pad || k->word == 4 ? 4 : 8);
	if (!names_fit(k, names, count, &end))
		return false;
	k->count = count;
	k->count_at = at;
	k->names_at = names;
	/* Markers are unsigned long up to v4.19, and aligned as these are. */
	for (size_t i = 0; i < ARRAY_SIZE(pads); i++) {
		uint64_t from = (end + pads[i] - 1) & ~(uint64_t)(pads[i] - 1);

		if (markers_fit(k, from, 4, names) ||
		    markers_fit(k, from, 8, names))
			return true;
	}
	return false;
}

/* The count stands before the tokens, at a multiple of 4. */
static bool find_count(struct kallsyms *k)
{
	uint64_t low = k->tokens_at > NAMES_SIZE_MAX ?
			       k->tokens_at - NAMES_SIZE_MAX :
			       0;

	for (uint64_t at = k->tokens_at & ~(uint64_t)3; at >= low + 4;) {
		at -= 4;
		if (count_fits(k, at))
			return true;
		if (!k->fuel)
			break;
	}
	return false;
}

bool kallsyms_find(struct kallsyms *k)
{
	uint64_t at = 0;
	const uint8_t *hit;

	while (at < k->all.size && kallsyms_burn(k, TOKEN_INDEX_SIZE)) {
		hit = memmem(k->all.data + at, k->all.size - at, digits,
			     sizeof(digits));
		if (!hit) {
			(void)kallsyms_burn(k, (k->all.size - at) / STEP_BYTES);
			return false;
		}
		(void)kallsyms_burn(k, (uint64_t)(hit - (k->all.data + at)) /
					       STEP_BYTES);
		at = (uint64_t)(hit - k->all.data);
		if (tokens_fit(k, at) && find_count(k) &&
		    kallsyms_find_addresses(k))
			return true;
		at++;
	}
	return false;
}
