// SPDX-License-Identifier: LGPL-2.1-or-later
// The relocation table that stands behind the ELF file in a bzImage.
#include "vmlinux/parts.h"

#include <elf.h>

/*
 * arch/x86/boot/compressed/misc.c, handle_relocations(): words of 32 bits, to
 * be read from the end of the file to its start: addresses of 32-bit places up
 * to a 0, then those of inverse ones (of percpu references; x86-64 up to v6.14)
 * up to a 0, then those of 64-bit places up to a 0.  i386 has the first only.
 * The table is all that follows the ELF file, so its zeros say which form.
 */
#define PART "relocation table"
#define WORD 4

struct group {
	uint64_t *items;
	size_t count;
};

/* Words before *@at down to a 0: false when there is none. */
static bool group_measure(const struct kimage *k, struct span table,
			  uint64_t *at, size_t *ret_count)
{
	size_t count = 0;
	uint32_t v;

	while (*at >= WORD) {
		*at -= WORD;
		if (!span_u32(table, *at, kimage_big(k), &v))
			return false;
		if (!v) {
			*ret_count = count;
			return true;
		}
		count++;
	}
	return false;
}

/* @g->count of them, the first ends at @end; in the order of the file. */
static void group_read(const struct kimage *k, struct span table, uint64_t end,
		       struct group *g)
{
	uint64_t at = end - (uint64_t)g->count * WORD;
	uint32_t v = 0;

	for (size_t i = 0; i < g->count; i++) {
		(void)span_u32(table, at + i * WORD, kimage_big(k), &v);
		/* Link addresses are those of the top 2 GB. */
		g->items[i] = kimage_wrap(k, (uint64_t)(int64_t)(int32_t)v);
	}
}

static int groups_read(const struct kimage *k, struct span table,
		       struct arena *out, struct group groups[3],
		       struct lkm_error **reterr)
{
	uint64_t at = table.size, end;
	int found = 0;

	while (at) {
		struct group *g = &groups[found];

		if (found == 3)
			return kimage_broken(k, PART, "more than three groups",
					     reterr);
		end = at;
		if (!group_measure(k, table, &at, &g->count))
			return kimage_broken(
				k, PART, "it does not begin with 0", reterr);
		g->items = arena_alloc(out, g->count * sizeof(*g->items));
		if (!g->items)
			return error_nomem(reterr);
		group_read(k, table, end, g);
		found++;
	}
	return found;
}

int krelocs_read(const struct kimage *k, struct arena *out,
		 struct lkm_krelocs *ret, struct lkm_error **reterr)
{
	struct group g[3] = { 0 };
	const struct group *last;
	struct span table;
	uint64_t size = k->source->size - k->elf_size;
	uint16_t machine = k->elf.header.machine;
	int found;

	if ((machine != EM_X86_64 && machine != EM_386) || size < WORD)
		return kimage_absent(k, PART, reterr);
	if (size % WORD)
		return kimage_broken(k, PART, "its size is odd", reterr);
	found = elf_slice(&k->elf, k->elf_size, size, "the relocation table",
			  &table, reterr);
	if (found < 0)
		return found;
	found = groups_read(k, table, out, g, reterr);
	if (found < 0)
		return found;
	last = &g[found - 1];
	*ret = (struct lkm_krelocs){
		.abs32 = g[0].items,
		.abs32_count = g[0].count,
		.inv32 = found == 3 ? g[1].items : NULL,
		.inv32_count = found == 3 ? g[1].count : 0,
		.abs64 = found > 1 ? last->items : NULL,
		.abs64_count = found > 1 ? last->count : 0,
	};
	return 0;
}
