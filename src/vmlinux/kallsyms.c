// SPDX-License-Identifier: LGPL-2.1-or-later
// The symbols that a kernel knows of itself: from kallsyms, or .symtab.
#include "vmlinux/kallsyms.h"

#include <elf.h>
#include <string.h>

/*
 * Steps of the search, some 5 million for Debian's 6.12; a hostile file costs
 * a second before it is said to have no kallsyms.
 */
#define SEARCH_STEPS ((uint64_t)1 << 29)

/* Write name @codes to @to and a NUL; its end. */
static char *name_expand(const struct kallsyms *k, struct span codes, char *to,
			 char *ret_type)
{
	bool is_first = true;

	for (size_t i = 0; i < codes.size; i++) {
		const uint8_t *token = k->token[codes.data[i]];
		size_t size = k->token_size[codes.data[i]];

		if (is_first && size) {
			*ret_type = (char)*token++;
			size--;
			is_first = false;
		}
		memcpy(to, token, size);
		to += size;
	}
	*to++ = '\0';
	return to;
}

/* The search has checked all bytes that are read here. */
static int kallsyms_read(const struct kallsyms *k, struct arena *out,
			 struct ksyms *ret, struct lkm_error **reterr)
{
	struct lkm_ksym *items = arena_alloc(out, k->count * sizeof(*items));
	char *text = arena_alloc(out, k->text_size);
	uint64_t at = k->names_at;

	if (!items || !text)
		return error_nomem(reterr);
	for (uint32_t i = 0; i < k->count; i++) {
		uint8_t low = k->all.data[at++];
		uint64_t size = low;
		struct span codes;

		if (low & 0x80)
			size = (low & 0x7f) | (uint64_t)k->all.data[at++] << 7;
		codes = (struct span){ k->all.data + at, size };
		at += size;
		items[i].name = text;
		items[i].address = kallsyms_address(k, i);
		text = name_expand(k, codes, text, &items[i].type);
	}
	*ret = (struct ksyms){ items, k->count };
	return 0;
}

/* 1 and symbols, or 0: not in these bytes. */
static int kallsyms_try(const struct kimage *k, struct span bytes,
			uint64_t *fuel, struct arena *out, struct ksyms *ret,
			struct lkm_error **reterr)
{
	struct kallsyms *found = calloc(1, sizeof(*found));
	int rc = 0;

	if (!found)
		return error_nomem(reterr);
	found->all = bytes;
	found->is_big_endian = kimage_big(k);
	found->word = kimage_word(k);
	found->fuel = *fuel;
	found->is_unrelocated = k->is_raw;
	if (kallsyms_find(found)) {
		rc = kallsyms_read(found, out, ret, reterr);
		rc = rc < 0 ? rc : 1;
	}
	*fuel = found->fuel;
	free(found);
	return rc;
}

/* .rodata is where they are; other linkers may have put them elsewhere. */
static int kallsyms_search(const struct kimage *k, struct arena *out,
			   struct ksyms *ret, struct lkm_error **reterr)
{
	uint64_t fuel = SEARCH_STEPS;
	struct lkm_section rodata;
	struct span bytes;
	int rc = 0;

	if (k->is_raw) {
		return source_all(k->source, &bytes) ?
			       kallsyms_try(k, bytes, &fuel, out, ret, reterr) :
			       0;
	}
	if (elf_find(&k->elf, ".rodata", &rodata) &&
	    rodata.type != SHT_NOBITS &&
	    source_slice(k->source, rodata.offset, rodata.size, &bytes))
		rc = kallsyms_try(k, bytes, &fuel, out, ret, reterr);
	for (size_t i = 0; rc == 0 && i < k->segment_count; i++) {
		const struct segment *s = &k->segments[i];

		if (source_slice(k->source, s->offset, s->file_size, &bytes))
			rc = kallsyms_try(k, bytes, &fuel, out, ret, reterr);
	}
	return rc;
}

/* nm's letter, as far as the section says it. */
static char symbol_type(const struct kimage *k, const struct elf_symbol *s)
{
	struct lkm_section section;
	char type = 'r';

	if (s->section == SHN_ABS)
		return s->bind == STB_LOCAL ? 'a' : 'A';
	if (s->bind == STB_WEAK)
		return s->type == STT_OBJECT ? 'V' : 'W';
	if (s->section >= k->elf.count)
		return '?';
	elf_section(&k->elf, s->section, &section);
	if (section.flags & SHF_EXECINSTR)
		type = 't';
	else if (section.type == SHT_NOBITS)
		type = 'b';
	else if (section.flags & SHF_WRITE)
		type = 'd';
	return s->bind == STB_LOCAL ? type : (char)(type - 'a' + 'A');
}

static int compare_address(const void *a, const void *b)
{
	const struct lkm_ksym *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int symtab_read(const struct kimage *k, struct arena *out,
		       struct ksyms *ret, struct lkm_error **reterr)
{
	struct elf_symtab table;
	struct lkm_ksym *items;
	struct elf_symbol s;
	size_t count = 0;
	int rc;

	rc = elf_symtab(&k->elf, 0, &table, reterr);
	if (rc == 0 && !table.count)
		return kimage_absent(k, "kallsyms", reterr);
	if (rc == 0)
		rc = elf_symtab_names(&k->elf, &table, 0, reterr);
	if (rc < 0)
		return rc;
	items = arena_alloc(out, table.count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (uint64_t i = 0; i < table.count; i++) {
		elf_symbol(&k->elf, &table, i, &s);
		if (s.type == STT_FILE || s.type == STT_SECTION ||
		    s.section == SHN_UNDEF)
			continue;
		rc = elf_symbol_name(&k->elf, &table, s.name,
				     &items[count].name, reterr);
		if (rc < 0)
			return rc;
		items[count].address = s.value;
		items[count].type = symbol_type(k, &s);
		if (*items[count].name)
			count++;
	}
	if (!count)
		return kimage_absent(k, "kallsyms", reterr);
	qsort(items, count, sizeof(*items), compare_address);
	*ret = (struct ksyms){ items, count };
	return 0;
}

int ksyms_read(const struct kimage *k, struct arena *out, struct ksyms *ret,
	       struct lkm_error **reterr)
{
	int rc = kallsyms_search(k, out, ret, reterr);

	if (rc < 0)
		return rc;
	if (rc > 0)
		return 0;
	if (k->is_raw)
		return kimage_absent(k, "kallsyms", reterr);
	return symtab_read(k, out, ret, reterr);
}
