// SPDX-License-Identifier: GPL-2.0-only
// Puts the host's functions in the place of the kernel's bottom layer.
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "host/kernel-calls.h"

enum how {
	WHOLE,
	PARTS,	 /* of the function: name.part.N only */
	WRAPPED, /* the function is called by its replacement */
	MOVED,	 /* the same, but it is not traced: its start is moved */
};

struct entry {
	const char *name;
	const void *function;
	int since, until; /* needed in these versions; 1, 0: in none */
	enum how how;
};

/*
 * Where they lie is a variable (CONFIG_DYNAMIC_MEMORY_LAYOUT) that can be set;
 * a constant in all of the code could not.
 */
static const char *const variables[] = {
	"page_offset_base",
	"vmemmap_base",
	"phys_base",
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
#define NEED(name, function, versions) { #name, function, versions, WHOLE },
#define MAY(name, function) { #name, function, 1, 0, WHOLE },
#define WRAP(name, function) { #name, function, 1, 0, WRAPPED },
#define MOVE(name, function) { #name, function, 1, 0, MOVED },
#define PART(name, function) { #name, function, 1, 0, PARTS },
#define NIL(name) { #name, kernel_return_0, 1, 0, WHOLE },
#define ONE(name) { #name, kernel_return_1, 1, 0, WHOLE },
#include "host/start/table.def"
#undef NEED
#undef MAY
#undef WRAP
#undef MOVE
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

static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };

#define JUMP_SIZE 5UL

/* jmp rel32: both are in the low 2 GiB */
static void put_jump(uint8_t *p, const void *to)
{
	int32_t distance = (int32_t)((uint64_t)to - ((uint64_t)p + JUMP_SIZE));

	p[0] = 0xe9;
	memcpy(p + 1, &distance, sizeof(distance));
}

void replace_jump(uint64_t address, const void *function)
{
	uint8_t *p = (uint8_t *)address;

	/* a landing pad stays: the kernel looks for it */
	if (!memcmp(p, endbr, sizeof(endbr)))
		p += sizeof(endbr);
	put_jump(p, function);
	host.stats.replaced++;
}

/* Where the functions go on that were wrapped, by place in the table */
static uint64_t rests[ARRAY_SIZE(table)];

/*
 * Behind what every traced function starts with: a landing pad where the
 * kernel has them (endbr64), then a call of __fentry__; 0: it has none.
 */
static uint64_t after_prologue(uint64_t address)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	const uint8_t *p = (const uint8_t *)address;
	int32_t distance;

	if (!memcmp(p, endbr, sizeof(endbr)))
		p += sizeof(endbr);
	memcpy(&distance, p + 1, sizeof(distance));
	if (p[0] == 0xe8 &&
	    (uint64_t)p + 5 + (uint64_t)(int64_t)distance == sym("__fentry__"))
		return (uint64_t)p + 5;
	return memcmp(p, nop, sizeof(nop)) ? 0 : (uint64_t)p + 5;
}

void *replaced(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (rests[i] && !strcmp(table[i].name, name))
			return (void *)rests[i];
	return NULL;
}

/* push and mov between registers: the same at any place.  0: another one */
static size_t movable(const uint8_t *p)
{
	size_t rex = (*p & 0xf0) == 0x40;

	p += rex;
	if ((p[0] & 0xf8) == 0x50)
		return rex + 1;
	if ((p[0] == 0x89 || p[0] == 0x8b) && p[1] >> 6 == 3)
		return rex + 2;
	return 0;
}

/*
 * The instructions that a jump will take the place of, elsewhere, and a jump
 * to what follows them; 0: one of them says where it is.
 */
static uint64_t move_start(uint64_t address)
{
	static uint8_t *to = (uint8_t *)MOVED_BASE;
	const uint8_t *p = (const uint8_t *)address;
	uint8_t *start = to;
	size_t n = 0, len;

	if (!memcmp(p, endbr, sizeof(endbr)))
		p += sizeof(endbr);
	for (; n < JUMP_SIZE; n += len) {
		len = movable(p + n);
		if (!len)
			return 0;
	}
	memcpy(to, p, n);
	to += n;
	put_jump(to, p + n);
	to += JUMP_SIZE;
	return (uint64_t)start;
}

static void replace_one(size_t i, uint64_t address)
{
	if (table[i].how == WRAPPED) {
		rests[i] = after_prologue(address);
		if (!rests[i])
			return;
	}
	if (table[i].how == MOVED)
		rests[i] = move_start(address);
	replace_jump(address, table[i].function);
}

static void replace_variant(const char *base, uint64_t address)
{
	const struct entry **e = bsearch(base, sorted, ARRAY_SIZE(sorted),
					 sizeof(*sorted), name_to_entry);

	/* Split-off parts may have other arguments: constants only. */
	if (e && ((*e)->how == PARTS || (*e)->function == kernel_return_0 ||
		  (*e)->function == kernel_return_1))
		replace_jump(address, (*e)->function);
}

void replace_check(struct missing *ret_missing)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (!sym(variables[i]))
			ret_missing->names[ret_missing->count++] = variables[i];
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
		if (address && e->how != PARTS)
			replace_one(i, address);
	}
	qsort(sorted, ARRAY_SIZE(sorted), sizeof(*sorted), by_name);
	symbols_for_variants(replace_variant);
}
