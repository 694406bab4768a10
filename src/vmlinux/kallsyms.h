// SPDX-License-Identifier: LGPL-2.1-or-later
// The symbols that a kernel knows of itself.
#pragma once

#include "vmlinux/kimage.h"

/* Debian's 6.12 has 163,179; with all of a big configuration, some 500,000. */
#define KSYMS_MAX ((uint32_t)1 << 22)
/* KSYM_NAME_LEN is 512, and a byte for the type. */
#define KSYM_NAME_MAX 512
/* All names; Debian's 6.12 has 4 MB. */
#define KSYM_NAMES_MAX ((uint64_t)128 << 20)

struct ksyms {
	struct lkm_ksym *items;
	size_t count;
};

/*
 * Where the tables of kallsyms stand in some bytes, and what they hold.
 *
 * Nothing in an image says where they are, but their form does: a table of 256
 * strings, in which code '0' to '9' stand for themselves, then the offsets of
 * these; names as counted lists of such codes, with the count of names before
 * them and the offset of each 256th name behind.  What scripts/kallsyms.c
 * writes since v2.6.38 is, up to v6.3,
 *	addresses or (offsets, base), count, names, markers, [order,] tokens,
 *	index
 * and since then
 *	count, names, markers, tokens, index, addresses or (offsets, base),
 *	order.
 */
struct kallsyms {
	struct span all;
	bool is_big_endian;
	unsigned int word;   /* bytes of an address */
	uint64_t fuel;	     /* steps left before the search is given up */
	bool is_unrelocated; /* arm64's Image: pointers in it may be 0 */

	uint64_t tokens_at; /* offsets in @all */
	uint64_t index_at;
	const uint8_t *token[256];
	uint16_t token_size[256];

	uint64_t count_at;
	uint64_t names_at;
	uint32_t count;
	uint64_t text_size; /* of all names, their NULs included */

	uint64_t addresses_at;
	uint64_t base; /* of relative ones */
	enum kallsyms_form {
		KALLSYMS_ABSOLUTE, /* !KALLSYMS_BASE_RELATIVE */
		KALLSYMS_RELATIVE,
		KALLSYMS_PERCPU, /* KALLSYMS_ABSOLUTE_PERCPU */
	} form;
};

/* Find all tables in @k->all; false: they are not there. */
bool kallsyms_find(struct kallsyms *k);
/* The second half of it: the addresses, once all else is known. */
bool kallsyms_find_addresses(struct kallsyms *k);
/* Address @i < count; the caller knows that the table is in @all. */
uint64_t kallsyms_address(const struct kallsyms *k, uint32_t i);
/* Use up @steps of the search; false when there are no more. */
bool kallsyms_burn(struct kallsyms *k, uint64_t steps);

/*
 * All symbols: from kallsyms, or where that is not found from .symtab.
 * vmlinux.absent, vmlinux.limit, image.elf.*
 */
int ksyms_read(const struct kimage *k, struct arena *out, struct ksyms *ret,
	       struct lkm_error **reterr);
