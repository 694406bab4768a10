// SPDX-License-Identifier: LGPL-2.1-or-later
// What the kernel exports to modules: __ksymtab, __ksymtab_gpl, their CRCs.
#include "vmlinux/parts.h"

#include <elf.h>
#include <string.h>

#define CRC_SIZE 4

static const struct table {
	const char *symbols;
	const char *symbol_ends[2];
	const char *crcs;
	const char *crc_ends[2];
	bool gpl_only;
} tables[] = {
	{ "__ksymtab",
	  { "__start___ksymtab", "__stop___ksymtab" },
	  "__kcrctab",
	  { "__start___kcrctab", "__stop___kcrctab" },
	  false },
	{ "__ksymtab_gpl",
	  { "__start___ksymtab_gpl", "__stop___ksymtab_gpl" },
	  "__kcrctab_gpl",
	  { "__start___kcrctab_gpl", "__stop___kcrctab_gpl" },
	  true },
};

/*
 * struct kernel_symbol: value, name, since v5.4 namespace.  Each is an offset
 * from its own place (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS: all of 64 bits but
 * a few, and i386) or a pointer.
 */
struct form {
	unsigned int field;
	unsigned int fields;
	bool is_relative;
};

bool kparts_find(const struct kimage *k, const struct kfinder *f,
		 const char *section, const char *const ends[2],
		 struct span *ret, uint64_t *ret_address)
{
	const struct lkm_ksym *start, *stop;
	struct lkm_section s;

	if (elf_find(&k->elf, section, &s) && s.type != SHT_NOBITS &&
	    kimage_address(k, s.offset, ret_address))
		return source_slice(k->source, s.offset, s.size, ret);
	start = f->find(f->ctx, ends[0]);
	stop = f->find(f->ctx, ends[1]);
	if (!start || !stop || stop->address < start->address)
		return false;
	*ret_address = start->address;
	return kimage_bytes(k, start->address, stop->address - start->address,
			    ret);
}

/* Which form has entries of @size bytes? */
static bool form_of_size(const struct kimage *k, uint64_t size,
			 struct form *ret)
{
	unsigned int word = kimage_word(k);
	uint16_t machine = k->elf.header.machine;

	if (word == 8 && (size == 8 || size == 12)) {
		*ret = (struct form){ 4, (unsigned int)size / 4, true };
		return true;
	}
	if (size != 2 * word && size != 3 * word)
		return false;
	*ret = (struct form){ word, (unsigned int)size / word,
			      word == 4 && machine == EM_386 };
	return true;
}

/* The CRCs say how many there are; without, it is the newest form. */
static bool form_find(const struct kimage *k, struct span symbols,
		      struct span crcs, struct form *ret)
{
	uint64_t count = crcs.size / CRC_SIZE;

	if (count)
		return crcs.size % CRC_SIZE == 0 && symbols.size % count == 0 &&
		       form_of_size(k, symbols.size / count, ret);
	return symbols.size % 12 == 0 && form_of_size(k, 12, ret);
}

/* Field @i of the entry at @address; 0: it points nowhere. */
static uint64_t field_target(const struct kimage *k, const struct form *form,
			     struct span entry, uint64_t address,
			     unsigned int i)
{
	uint64_t at = (uint64_t)i * form->field, target = 0;
	uint32_t offset;

	if (!form->is_relative)
		return kimage_ulong(k, entry, at, &target) ? target : 0;
	if (!span_u32(entry, at, kimage_big(k), &offset) || !offset)
		return 0;
	return kimage_wrap(k,
			   address + at + (uint64_t)(int64_t)(int32_t)offset);
}

static bool export_read(const struct kimage *k, const struct form *form,
			struct span entry, uint64_t address,
			struct lkm_kexport *ret)
{
	uint64_t name_space = 0;

	ret->address = field_target(k, form, entry, address, 0);
	if (!kimage_name(k, field_target(k, form, entry, address, 1), KNAME_MAX,
			 &ret->name))
		return false;
	if (form->fields > 2)
		name_space = field_target(k, form, entry, address, 2);
	if (!name_space)
		return true;
	if (!kimage_name(k, name_space, KNAME_MAX, &ret->name_space))
		return false;
	if (!*ret->name_space)
		ret->name_space = NULL;
	return true;
}

static int table_read(const struct kimage *k, const struct kfinder *f,
		      const struct table *t, struct kexports *ret,
		      struct lkm_error **reterr)
{
	struct span symbols, crcs = { 0 }, entry;
	uint64_t address, crc_address, size, count;
	struct lkm_kexport *items, *item;
	struct form form;

	if (!kparts_find(k, f, t->symbols, t->symbol_ends, &symbols,
			 &address) ||
	    !symbols.size)
		return 0;
	if (!kparts_find(k, f, t->crcs, t->crc_ends, &crcs, &crc_address))
		crcs.size = 0;
	if (!form_find(k, symbols, crcs, &form))
		return kimage_broken(k, "table of exports",
				     "its size fits no number of entries",
				     reterr);
	size = (uint64_t)form.field * form.fields;
	count = symbols.size / size;
	if (ret->count + count > KEXPORTS_MAX)
		return kimage_limit(k, "exports", ret->count + count,
				    KEXPORTS_MAX, reterr);
	items = reallocarray(ret->items, ret->count + count, sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	ret->items = items;
	for (uint64_t i = 0; i < count; i++) {
		item = &items[ret->count++];
		*item = (struct lkm_kexport){ .gpl_only = t->gpl_only };
		if (!span_slice(symbols, i * size, size, &entry) ||
		    !export_read(k, &form, entry, address + i * size, item))
			return kimage_broken(k, "table of exports",
					     "a name is not in the file",
					     reterr);
		item->has_crc = span_u32(crcs, i * CRC_SIZE, kimage_big(k),
					 &item->crc);
	}
	return 0;
}

static int compare_name(const void *a, const void *b)
{
	const struct lkm_kexport *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int kexports_read(const struct kimage *k, const struct kfinder *f,
		  struct arena *out, struct kexports *ret,
		  struct lkm_error **reterr)
{
	struct kexports all = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(tables); i++)
		rc = table_read(k, f, &tables[i], &all, reterr);
	if (rc == 0 && !all.count)
		rc = kimage_absent(k, "table of exports", reterr);
	if (rc == 0) {
		qsort(all.items, all.count, sizeof(*all.items), compare_name);
		ret->items = arena_memdup(out, all.items,
					  all.count * sizeof(*all.items));
		ret->count = all.count;
		if (!ret->items)
			rc = error_nomem(reterr);
	}
	free(all.items);
	return rc;
}
