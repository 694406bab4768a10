// SPDX-License-Identifier: LGPL-2.1-or-later
// The ELF container: header, section table and names, of any class and order.
#include "image/elf-file.h"

#include <elf.h>
#include <string.h>

/* shstrtab of a module stands right before the section headers. */
#define NAMES_GUESS 1024

/* Offsets of the fields that are read, for each class. */
struct layout {
	uint8_t header_size;
	uint8_t shoff, shentsize, shnum, shstrndx, flags;
	uint8_t section_size;
	uint8_t sh_flags, sh_offset, sh_size, sh_link, sh_info, sh_entsize;
	uint8_t symbol_size;
	uint8_t st_value, st_info, st_shndx;
};

static const struct layout layouts[2] = {
	{ 52, 32, 46, 48, 50, 36, 40, 8, 16, 20, 24, 28, 36, 16, 4, 12, 14 },
	{ 64, 40, 58, 60, 62, 48, 64, 8, 24, 32, 40, 44, 56, 24, 8, 4, 6 },
};

static const struct layout *layout_of(const struct elf *e)
{
	return &layouts[e->header.is_64];
}

/*
 * Fields of a header or symbol whose span is known to hold all of it; one
 * outside would read as 0.
 */
static uint16_t get16(const struct elf *e, struct span s, uint64_t off)
{
	uint16_t v = 0;

	return span_u16(s, off, e->header.is_big_endian, &v) ? v : 0;
}

static uint32_t get32(const struct elf *e, struct span s, uint64_t off)
{
	uint32_t v = 0;

	return span_u32(s, off, e->header.is_big_endian, &v) ? v : 0;
}

/* An address, offset or size: as wide as the class. */
static uint64_t get_word(const struct elf *e, struct span s, uint64_t off)
{
	uint64_t v = 0;

	if (!e->header.is_64)
		return get32(e, s, off);
	return span_u64(s, off, e->header.is_big_endian, &v) ? v : 0;
}

int elf_slice(const struct elf *e, uint64_t off, uint64_t len, const char *what,
	      struct span *ret, struct lkm_error **reterr)
{
	if (source_slice(e->source, off, len, ret))
		return 0;
	if (e->source->error == ENODATA)
		return FAIL(reterr, IMAGE_CHANGED, KV_STR("file", e->file));
	if (e->source->error)
		return error_system(reterr, e->source->error, "read", e->file);
	return FAIL(reterr, IMAGE_ELF_TRUNCATED, KV_STR("file", e->file),
		    KV_STR("what", what), KV_NUM("offset", off),
		    KV_NUM("length", len), KV_NUM("size", e->source->size));
}

int elf_check_count(const struct elf *e, const char *what, uint64_t count,
		    uint64_t limit, struct lkm_error **reterr)
{
	if (count <= limit)
		return 0;
	return FAIL(reterr, IMAGE_ELF_LIMIT, KV_STR("file", e->file),
		    KV_STR("what", what), KV_NUM("count", count),
		    KV_NUM("limit", limit));
}

static int elf_bad_table(const struct elf *e, const char *problem,
			 struct lkm_error **reterr)
{
	return FAIL(reterr, IMAGE_ELF_SECTIONS, KV_STR("file", e->file),
		    KV_STR("problem", problem));
}

static int elf_identify(struct elf *e, struct span *ret,
			struct lkm_error **reterr)
{
	struct span ident;
	int rc;

	rc = elf_slice(e, 0, EI_NIDENT, "the ELF header", &ident, reterr);
	if (rc < 0)
		return rc;
	if (memcmp(ident.data, ELFMAG, SELFMAG) != 0)
		return FAIL(reterr, IMAGE_ELF_MAGIC, KV_STR("file", e->file));
	if ((ident.data[EI_CLASS] != ELFCLASS32 &&
	     ident.data[EI_CLASS] != ELFCLASS64) ||
	    (ident.data[EI_DATA] != ELFDATA2LSB &&
	     ident.data[EI_DATA] != ELFDATA2MSB))
		return FAIL(reterr, IMAGE_ELF_CLASS, KV_STR("file", e->file),
			    KV_NUM("class", ident.data[EI_CLASS]),
			    KV_NUM("data", ident.data[EI_DATA]));
	e->header.is_64 = ident.data[EI_CLASS] == ELFCLASS64;
	e->header.is_big_endian = ident.data[EI_DATA] == ELFDATA2MSB;
	return elf_slice(e, 0, layout_of(e)->header_size, "the ELF header", ret,
			 reterr);
}

/*
 * Counts that do not fit the header are in section 0 (gABI, "Extended section
 * numbering"): e_shnum 0 -> its sh_size, e_shstrndx SHN_XINDEX -> its sh_link.
 */
static int elf_extended(const struct elf *e, uint64_t shoff, uint64_t *count,
			uint64_t *names, struct lkm_error **reterr)
{
	const struct layout *l = layout_of(e);
	struct span first;
	int rc;

	if (*count && *names != SHN_XINDEX)
		return 0;
	rc = elf_slice(e, shoff, l->section_size, "section header 0", &first,
		       reterr);
	if (rc < 0)
		return rc;
	if (!*count)
		*count = get_word(e, first, l->sh_size);
	if (*names == SHN_XINDEX)
		*names = get32(e, first, l->sh_link);
	return 0;
}

static int elf_read_names(struct elf *e, uint64_t index,
			  struct lkm_error **reterr)
{
	struct lkm_section section;

	if (index == SHN_UNDEF || index >= e->count)
		return elf_bad_table(e, "no section name table", reterr);
	elf_section(e, (uint32_t)index, &section);
	section.name = "the section name table";
	if (section.type != SHT_STRTAB)
		return elf_bad_table(e, "the section name table is none",
				     reterr);
	return elf_strings(e, &section, &e->names, reterr);
}

int elf_open(struct elf *e, struct source *source, const char *file,
	     struct lkm_error **reterr)
{
	const struct layout *l;
	uint64_t shoff, count, names, early;
	struct span head, ahead;
	int rc;

	*e = (struct elf){ .source = source, .file = file };
	rc = elf_identify(e, &head, reterr);
	if (rc < 0)
		return rc;
	l = layout_of(e);
	e->header.type = get16(e, head, 16);
	e->header.machine = get16(e, head, 18);
	e->header.flags = get32(e, head, l->flags);
	shoff = get_word(e, head, l->shoff);
	count = get16(e, head, l->shnum);
	names = get16(e, head, l->shstrndx);
	if (!shoff)
		return elf_bad_table(e, "there is none", reterr);
	if (get16(e, head, l->shentsize) != l->section_size)
		return elf_bad_table(e, "its entries have a wrong size",
				     reterr);
	rc = elf_extended(e, shoff, &count, &names, reterr);
	if (rc < 0)
		return rc;
	rc = elf_check_count(e, "sections", count, ELF_SECTIONS_MAX, reterr);
	if (rc < 0)
		return rc;
	e->count = (uint32_t)count;
	e->entry = l->section_size;
	/* One read for both; when it fails the exact ones say why. */
	early = MIN_OF(shoff, NAMES_GUESS);
	(void)source_slice(source, shoff - early, early + count * e->entry,
			   &ahead);
	rc = elf_slice(e, shoff, count * e->entry, "the section table",
		       &e->table, reterr);
	if (rc < 0)
		return rc;
	return elf_read_names(e, names, reterr);
}

const char *elf_section_name(const struct elf *e, uint32_t i)
{
	uint32_t name = get32(e, e->table, (uint64_t)i * e->entry);

	return name < e->names.size ? (const char *)e->names.data + name : "";
}

void elf_section(const struct elf *e, uint32_t i, struct lkm_section *ret)
{
	const struct layout *l = layout_of(e);
	uint64_t at = (uint64_t)i * e->entry;

	ret->name = elf_section_name(e, i);
	ret->type = get32(e, e->table, at + 4);
	ret->flags = get_word(e, e->table, at + l->sh_flags);
	ret->offset = get_word(e, e->table, at + l->sh_offset);
	ret->size = get_word(e, e->table, at + l->sh_size);
	ret->link = get32(e, e->table, at + l->sh_link);
	ret->info = get32(e, e->table, at + l->sh_info);
}

bool elf_find(const struct elf *e, const char *name, struct lkm_section *ret)
{
	for (uint32_t i = 1; i < e->count; i++) {
		if (strcmp(elf_section_name(e, i), name) != 0)
			continue;
		elf_section(e, i, ret);
		return true;
	}
	return false;
}

int elf_content(const struct elf *e, const struct lkm_section *section,
		struct span *ret, struct lkm_error **reterr)
{
	if (section->type == SHT_NOBITS) {
		*ret = SPAN_LITERAL("");
		return 0;
	}
	return elf_slice(e, section->offset, section->size, section->name, ret,
			 reterr);
}

int elf_strings(const struct elf *e, const struct lkm_section *section,
		struct span *ret, struct lkm_error **reterr)
{
	struct span s;
	int rc;

	rc = elf_content(e, section, &s, reterr);
	if (rc < 0)
		return rc;
	if (s.size && s.data[s.size - 1])
		return FAIL(reterr, IMAGE_ELF_STRINGS, KV_STR("file", e->file),
			    KV_STR("section", section->name));
	*ret = s;
	return 0;
}

/* sh_entsize is not believed: the class says how large a symbol is. */
int elf_symtab(const struct elf *e, uint64_t first, struct elf_symtab *ret,
	       struct lkm_error **reterr)
{
	struct lkm_section table = { .type = SHT_NULL };
	struct elf_symtab t = { .size = layout_of(e)->symbol_size };
	uint64_t count;
	int rc;

	for (uint32_t i = 1; i < e->count && table.type != SHT_SYMTAB; i++)
		elf_section(e, i, &table);
	if (table.type != SHT_SYMTAB) {
		*ret = t;
		return 0;
	}
	table.name = "the symbol table";
	if (table.offset > e->source->size ||
	    table.size > e->source->size - table.offset)
		return elf_content(e, &table, &t.entries, reterr);
	count = table.size / t.size;
	rc = elf_check_count(e, "symbols", count, ELF_SYMBOLS_MAX, reterr);
	if (rc < 0)
		return rc;
	if (first == UINT64_MAX)
		first = table.info;
	first = first < count ? first : 0;
	t.count = count - first;
	t.link = table.link;
	rc = elf_slice(e, table.offset + first * t.size, t.count * t.size,
		       table.name, &t.entries, reterr);
	if (rc < 0)
		return rc;
	*ret = t;
	return 0;
}

int elf_symtab_names(const struct elf *e, struct elf_symtab *t, uint64_t from,
		     struct lkm_error **reterr)
{
	struct lkm_section strings;

	if (!t->link || t->link >= e->count)
		return 0;
	elf_section(e, t->link, &strings);
	strings.name = "the table of symbol names";
	/* Offsets near the end of the range of a hostile file do not wrap. */
	if (from && from <= strings.size && strings.offset < e->source->size) {
		strings.offset += from;
		strings.size -= from;
		t->strings_at = from;
	}
	return elf_strings(e, &strings, &t->strings, reterr);
}

void elf_symbol(const struct elf *e, const struct elf_symtab *t, uint64_t i,
		struct elf_symbol *ret)
{
	const struct layout *l = layout_of(e);
	uint64_t at = i * t->size;
	uint8_t info = 0;

	(void)span_u8(t->entries, at + l->st_info, &info);
	ret->name = get32(e, t->entries, at);
	ret->value = get_word(e, t->entries, at + l->st_value);
	ret->section = get16(e, t->entries, at + l->st_shndx);
	ret->bind = info >> 4;
	ret->type = info & 15;
}

int elf_symbol_name(const struct elf *e, const struct elf_symtab *t,
		    uint32_t name, const char **ret, struct lkm_error **reterr)
{
	uint64_t at = name - t->strings_at;
	const char *s;

	*ret = "";
	if (name < t->strings_at || at >= t->strings.size)
		return 0;
	s = (const char *)t->strings.data + at;
	*ret = s;
	return elf_check_count(e, "bytes in a symbol's name",
			       strnlen(s, ELF_NAME_MAX + 1), ELF_NAME_MAX,
			       reterr);
}

bool elf_section_part(const struct elf *e, uint32_t i, uint64_t off,
		      uint64_t len, struct span *ret)
{
	struct lkm_section section;

	if (i == SHN_UNDEF || i >= e->count)
		return false;
	elf_section(e, i, &section);
	if (section.type == SHT_NOBITS || off > section.size ||
	    section.offset > e->source->size ||
	    off > e->source->size - section.offset)
		return false;
	return source_slice(e->source, section.offset + off,
			    MIN_OF(len, section.size - off), ret);
}
