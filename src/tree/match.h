// SPDX-License-Identifier: LGPL-2.1-or-later
// Matching one modalias against many alias patterns, a character of a pattern
// at a time, so that patterns with a common beginning share its cost.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/*
 * DOC: a pattern is literal up to its first '*', '?' or '[', and from there on
 * what fnmatch(3) takes without flags.  A state is the set of places in the
 * modalias that the pattern read so far can have reached: one place while it is
 * literal, then a set of bits.  No place left: no pattern that begins like this
 * can match, and an index need not be walked any further.
 */
#define MATCH_KEY_MAX 4096

struct match {
	const char *key;
	uint32_t len;
	uint32_t words;	 /* 64-bit words that hold len + 1 bits */
	uint64_t *masks; /* per character: where the key has it; lazily made */
};

enum match_mode {
	MATCH_LITERAL,
	MATCH_GLOB,
	MATCH_ESCAPE,  /* behind a backslash */
	MATCH_BRACKET, /* inside [...] */
	MATCH_OPAQUE,  /* rare forms: only fnmatch(3) at the end decides */
};

struct match_state {
	enum match_mode mode;
	uint32_t place;	  /* in the key, reached by the literal part */
	uint32_t from;	  /* offset of the first wildcard in the pattern */
	uint32_t bracket; /* offset of the open '[' in the pattern */
};

/* @key is borrowed.  False: too long (see MATCH_KEY_MAX). */
bool match_init(struct match *m, const char *key);
void match_release(struct match *m);

/*
 * Read the character at @pattern[@at], all before it being read already.
 * @bits: m->words words, the set of places unless literal.  0: dead; 1: alive;
 * -ENOMEM.
 */
int match_step(struct match *m, struct match_state *state, uint64_t *bits,
	       const char *pattern, uint32_t at) _must_check_;
/* May a pattern that reads @c next stay alive?  Cheap; true when unsure. */
bool match_may_step(const struct match *m, const struct match_state *state,
		    const uint64_t *bits, char c);
/* Does the whole @pattern (NUL-terminated), all of it read, match? */
bool match_accepts(const struct match *m, const struct match_state *state,
		   const uint64_t *bits, const char *pattern);
