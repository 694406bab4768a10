// SPDX-License-Identifier: LGPL-2.1-or-later
// Strings by number: a symbol that a thousand modules need is kept once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"

/* Half of a hash, and a number plus one (0: free). */
struct names_slot {
	uint32_t hash;
	uint32_t number;
};

/*
 * Zero-initialise.  Not for use from two threads at once.  The table is a
 * struct map of a third of the size: looking names up is what an index run
 * does most.
 */
struct names {
	struct arena strings;
	struct names_slot *slots; /* of those from names_intern() */
	size_t mask, used;
	uint64_t seed;
	VEC(const char *) list;
};

#define NAMES_FULL UINT32_MAX

/* The number of @s, the same for the same string.  NAMES_FULL: no memory. */
uint32_t names_intern(struct names *n, const char *s);
/* A new number for @s, without looking. */
uint32_t names_append(struct names *n, const char *s);
void names_release(struct names *n);

enum fact_kind {
	FACT_EXPORT,
	FACT_NEED,
	FACT_ALIAS,
	FACT_SOFTDEP,
	FACT_WEAKDEP,
	FACT_KINDS,
};

/* What an index takes from one module file: numbers in a table of names. */
struct facts {
	const struct names *names;
	const uint32_t *ids; /* all exports, then all needs, ... */
	uint32_t counts[FACT_KINDS];
};

/* The first number of @kind. */
static inline const uint32_t *facts_ids(const struct facts *f,
					enum fact_kind kind)
{
	const uint32_t *ids = f->ids;

	for (int k = 0; k < (int)kind; k++)
		ids += f->counts[k];
	return ids;
}

static inline size_t facts_total(const struct facts *f)
{
	return (size_t)(facts_ids(f, FACT_KINDS) - f->ids);
}
