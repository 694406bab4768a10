// SPDX-License-Identifier: LGPL-2.1-or-later
// Matching one modalias against many alias patterns.
#include "tree/match.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#define WORD_BITS 64

bool match_init(struct match *m, const char *key)
{
	size_t len = strlen(key);

	if (len >= MATCH_KEY_MAX)
		return false;
	*m = (struct match){ .key = key,
			     .len = (uint32_t)len,
			     .words = (uint32_t)len / WORD_BITS + 1 };
	return true;
}

void match_release(struct match *m)
{
	free(m->masks);
	m->masks = NULL;
}

static void bit_set(uint64_t *bits, uint32_t place)
{
	bits[place / WORD_BITS] |= (uint64_t)1 << place % WORD_BITS;
}

static bool bit_test(const uint64_t *bits, uint32_t place)
{
	return bits[place / WORD_BITS] >> place % WORD_BITS & 1;
}

static bool bits_any(const struct match *m, const uint64_t *bits)
{
	for (uint32_t w = 0; w < m->words; w++) {
		if (bits[w])
			return true;
	}
	return false;
}

/* All places one on; the end of the key has no place behind it. */
static void bits_advance(const struct match *m, uint64_t *bits)
{
	uint64_t carry = 0;

	if (bit_test(bits, m->len))
		bits[m->len / WORD_BITS] ^= (uint64_t)1 << m->len % WORD_BITS;
	for (uint32_t w = 0; w < m->words; w++) {
		uint64_t out = bits[w] >> (WORD_BITS - 1);

		bits[w] = bits[w] << 1 | carry;
		carry = out;
	}
}

/* '*': from the first place on, every place up to the end. */
static void bits_spread(const struct match *m, uint64_t *bits)
{
	uint32_t end = m->len % WORD_BITS;
	uint32_t w = 0;

	while (w < m->words && !bits[w])
		w++;
	if (w == m->words)
		return;
	bits[w] |= ~((bits[w] & -bits[w]) - 1);
	while (++w < m->words)
		bits[w] = UINT64_MAX;
	if (end < WORD_BITS - 1)
		bits[m->words - 1] &= ((uint64_t)2 << end) - 1;
}

static const uint64_t *match_mask(const struct match *m, char c)
{
	return m->masks + (size_t)(unsigned char)c * m->words;
}

static int match_make_masks(struct match *m)
{
	m->masks = calloc((size_t)256 * m->words, sizeof(*m->masks));
	if (!m->masks)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->len; i++) {
		unsigned char c = (unsigned char)m->key[i];

		bit_set(m->masks + (size_t)c * m->words, i);
	}
	return 0;
}

static int step_char(const struct match *m, uint64_t *bits, char c)
{
	const uint64_t *mask = match_mask(m, c);

	for (uint32_t w = 0; w < m->words; w++)
		bits[w] &= mask[w];
	bits_advance(m, bits);
	return bits_any(m, bits);
}

/* Is the ']' at @at the one that ends the bracket that opened at @open? */
static bool bracket_ends(const char *pattern, uint32_t open, uint32_t at)
{
	uint32_t i = open + 1;

	if (i < at && (pattern[i] == '!' || pattern[i] == '^'))
		i++;
	if (i == at)
		return false; /* a ']' that stands first is itself */
	if (pattern[i] == ']')
		i++;
	for (; i < at; i++) {
		if (pattern[i] == '\\')
			i++;
	}
	return i == at;
}

/* Let fnmatch(3) say which characters the bracket takes. */
static int step_bracket(const struct match *m, struct match_state *state,
			uint64_t *bits, const char *pattern, uint32_t at)
{
	_cleanup_free_ char *set = strndup(pattern + state->bracket,
					   at + 1 - state->bracket);

	if (!set)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->len; i++) {
		char one[2] = { m->key[i], '\0' };

		if (bit_test(bits, i) && fnmatch(set, one, 0) != 0)
			bits[i / WORD_BITS] ^= (uint64_t)1 << i % WORD_BITS;
	}
	bits_advance(m, bits);
	state->mode = MATCH_GLOB;
	return bits_any(m, bits);
}

static int step_in_bracket(const struct match *m, struct match_state *state,
			   uint64_t *bits, const char *pattern, uint32_t at)
{
	char c = pattern[at];

	/* [:class:], [=x=] and [.x.]: no module's alias has them. */
	if ((c == ':' || c == '=' || c == '.') && pattern[at - 1] == '[' &&
	    at - 1 != state->bracket) {
		state->mode = MATCH_OPAQUE;
		return 1;
	}
	if (c != ']' || !bracket_ends(pattern, state->bracket, at))
		return 1;
	return step_bracket(m, state, bits, pattern, at);
}

static int step_glob(const struct match *m, struct match_state *state,
		     uint64_t *bits, const char *pattern, uint32_t at)
{
	switch (pattern[at]) {
	case '*': bits_spread(m, bits); return 1;
	case '?': bits_advance(m, bits); return bits_any(m, bits);
	case '[':
		state->mode = MATCH_BRACKET;
		state->bracket = at;
		return 1;
	case '\\': state->mode = MATCH_ESCAPE; return 1;
	default: return step_char(m, bits, pattern[at]);
	}
}

int match_step(struct match *m, struct match_state *state, uint64_t *bits,
	       const char *pattern, uint32_t at)
{
	char c = pattern[at];

	switch (state->mode) {
	case MATCH_LITERAL:
		if (c != '*' && c != '?' && c != '[')
			return m->key[state->place] == c ? ++state->place,
			       1 : 0;
		if (!m->masks && match_make_masks(m) < 0)
			return -ENOMEM;
		memset(bits, 0, m->words * sizeof(*bits));
		bit_set(bits, state->place);
		state->mode = MATCH_GLOB;
		state->from = at;
		return step_glob(m, state, bits, pattern, at);
	case MATCH_GLOB: return step_glob(m, state, bits, pattern, at);
	case MATCH_ESCAPE:
		state->mode = MATCH_GLOB;
		return step_char(m, bits, c);
	case MATCH_BRACKET: return step_in_bracket(m, state, bits, pattern, at);
	case MATCH_OPAQUE: break;
	}
	return 1;
}

bool match_may_step(const struct match *m, const struct match_state *state,
		    const uint64_t *bits, char c)
{
	const uint64_t *mask;

	if (state->mode != MATCH_GLOB || c == '*' || c == '?' || c == '[' ||
	    c == '\\')
		return true;
	mask = match_mask(m, c);
	for (uint32_t w = 0; w < m->words; w++) {
		if (bits[w] & mask[w])
			return true;
	}
	return false;
}

bool match_accepts(const struct match *m, const struct match_state *state,
		   const uint64_t *bits, const char *pattern)
{
	switch (state->mode) {
	case MATCH_LITERAL: return state->place == m->len;
	case MATCH_GLOB: return bit_test(bits, m->len);
	case MATCH_ESCAPE: break; /* nothing follows the backslash */
	case MATCH_BRACKET:
	case MATCH_OPAQUE:
		return fnmatch(pattern + state->from, m->key + state->place,
			       0) == 0;
	}
	return false;
}
