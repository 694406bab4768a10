// SPDX-License-Identifier: GPL-2.0-only
// Puts the host's functions in the place of the kernel's bottom layer.
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "kernel-calls.h"

struct entry {
	const char *name;
	const void *function;
	int since, until; /* needed in these versions; 1, 0: in none */
	bool part;	  /* of the function: name.part.N only */
};

#define V(major, minor) ((major)*1000 + (minor))
#define RANGE(since, until) since, until
#define ALWAYS RANGE(0, V(999, 0))

KERNEL_ENTRY uint64_t kernel_return_0(void)
{
	return 0;
}

KERNEL_ENTRY uint64_t kernel_return_1(void)
{
	return 1;
}

/* In this order: a replacement by constant may be overridden by a later one. */
static const struct entry table[] = {
#define NEED(name, function, versions) { #name, function, versions, false },
#define MAY(name, function) { #name, function, 1, 0, false },
#define PART(name, function) { #name, function, 1, 0, true },
#define NIL(name) { #name, kernel_return_0, 1, 0, false },
#define ONE(name) { #name, kernel_return_1, 1, 0, false },
#include "table.def"
#undef NEED
#undef MAY
#undef PART
#undef NIL
#undef ONE
};

static const struct entry *sorted[ARRAY_SIZE(table)];

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct entry *const *)a)->name,
		      (*(const struct entry *const *)b)->name);
}

static int name_to_entry(const void *name, const void *e)
{
	return strcmp(name, (*(const struct entry *const *)e)->name);
}

/* jmp rel32: both are in the low 2 GiB */
void replace_jump(uint64_t address, const void *function)
{
	int32_t distance = (int32_t)((uint64_t)function - (address + 5));
	uint8_t *p = (uint8_t *)address;

	p[0] = 0xe9;
	memcpy(p + 1, &distance, sizeof(distance));
	host.stats.replaced++;
}

static void replace_variant(const char *base, uint64_t address)
{
	const struct entry **e = bsearch(base, sorted, ARRAY_SIZE(sorted),
					 sizeof(*sorted), name_to_entry);

	/* Split-off parts may have other arguments: constants only. */
	if (e && ((*e)->part || (*e)->function == kernel_return_0 ||
		  (*e)->function == kernel_return_1))
		replace_jump(address, (*e)->function);
}

void replace_check(struct missing *ret_missing)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct entry *e = &table[i];

		if (host.version >= e->since && host.version <= e->until &&
		    !sym(e->name) &&
		    ret_missing->count < ARRAY_SIZE(ret_missing->names))
			ret_missing->names[ret_missing->count++] = e->name;
	}
}

void replace_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct entry *e = &table[i];
		uint64_t address = sym(e->name);

		sorted[i] = e;
		if (address && !e->part)
			replace_jump(address, e->function);
	}
	qsort(sorted, ARRAY_SIZE(sorted), sizeof(*sorted), by_name);
	symbols_for_variants(replace_variant);
}
