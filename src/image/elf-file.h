// SPDX-License-Identifier: LGPL-2.1-or-later
// The ELF container: header, section table and names, of any class and order.
#pragma once

#include <lkm/image.h>

#include "base/source.h"
#include "diag/error.h"

/* More sections than any linker makes of a module; 64 MiB of headers. */
#define ELF_SECTIONS_MAX ((uint64_t)1 << 20)
/* Symbols, exports or versions; the largest modules have some 100,000. */
#define ELF_SYMBOLS_MAX ((uint64_t)1 << 22)
/*
 * Bytes of a symbol's name; the kernel's KSYM_NAME_LEN is 512.  Without it,
 * many symbols that share one huge name would cost the product of both.
 */
#define ELF_NAME_MAX ((size_t)1024)

/*
 * Borrows its source.  @table and @names were read when it was opened; names
 * end in a NUL, so that every offset into them is a string.
 */
struct elf {
	struct source *source;
	const char *file; /* what messages call it */
	struct lkm_elf header;
	struct span table;
	struct span names;
	uint32_t count; /* sections, entry 0 included */
	uint32_t entry; /* bytes of a section header */
};

int elf_open(struct elf *e, struct source *source, const char *file,
	     struct lkm_error **reterr);
/* Section @i < @count; a name outside of the table is "". */
void elf_section(const struct elf *e, uint32_t i, struct lkm_section *ret);
const char *elf_section_name(const struct elf *e, uint32_t i);
/* The first section of that name: false when there is none. */
bool elf_find(const struct elf *e, const char *name, struct lkm_section *ret);
/*
 * Contents, empty for SHT_NOBITS.  Errors have the section's name as it stands
 * in @section: callers replace one that the file has chosen.
 */
int elf_content(const struct elf *e, const struct lkm_section *section,
		struct span *ret, struct lkm_error **reterr);
/* As above, but the content must be empty or end in a NUL. */
int elf_strings(const struct elf *e, const struct lkm_section *section,
		struct span *ret, struct lkm_error **reterr);
/* Bytes of the file, @what names them in the error. */
int elf_slice(const struct elf *e, uint64_t off, uint64_t len, const char *what,
	      struct span *ret, struct lkm_error **reterr);

/* A symbol of .symtab. */
struct elf_symbol {
	uint64_t value;
	uint32_t name;
	uint16_t section; /* SHN_*, or an index */
	uint8_t bind;
	uint8_t type;
};

/* .symtab and its strings.  @count 0 where the file has none. */
struct elf_symtab {
	struct span entries;
	struct span strings;
	uint64_t strings_at; /* offset of these in the string table */
	uint64_t count;
	uint32_t size; /* bytes of an entry */
	uint32_t link; /* section of the strings */
};

/* From symbol @first on (index 0 of the result); UINT64_MAX: first non-local.
 */
int elf_symtab(const struct elf *e, uint64_t first, struct elf_symtab *ret,
	       struct lkm_error **reterr);
/* Then its names, of which none before @from in their table is asked for. */
int elf_symtab_names(const struct elf *e, struct elf_symtab *t, uint64_t from,
		     struct lkm_error **reterr);
void elf_symbol(const struct elf *e, const struct elf_symtab *t, uint64_t i,
		struct elf_symbol *ret);
/* "" where the offset is outside of the strings that were read. */
int elf_symbol_name(const struct elf *e, const struct elf_symtab *t,
		    uint32_t name, const char **ret, struct lkm_error **reterr);
/* At most @len bytes at @off of section @i, without reading all of it. */
bool elf_section_part(const struct elf *e, uint32_t i, uint64_t off,
		      uint64_t len, struct span *ret);
/* Is @count of @what within @limit? */
int elf_check_count(const struct elf *e, const char *what, uint64_t count,
		    uint64_t limit, struct lkm_error **reterr);
