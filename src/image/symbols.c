// SPDX-License-Identifier: LGPL-2.1-or-later
// What the symbol table says of needs and exports.
#include "image/symbols.h"

#include <elf.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"

static int symbols_open(const struct elf *e, struct elf_symtab *ret,
			struct lkm_error **reterr)
{
	int rc = elf_symtab(e, 0, ret, reterr);

	return rc < 0 ? rc : elf_symtab_names(e, ret, 0, reterr);
}

bool symbol_is_need(const struct elf *e, const struct elf_symbol *symbol)
{
	if (symbol->section != SHN_UNDEF || !symbol->name)
		return false;
	/* sparc: a global register variable, not something to be found. */
	return !((e->header.machine == EM_SPARC ||
		  e->header.machine == EM_SPARCV9) &&
		 symbol->type == STT_SPARC_REGISTER);
}

static int versions_by_name(const struct needs *versions, struct map *ret,
			    struct lkm_error **reterr)
{
	for (size_t i = 0; i < versions->count; i++) {
		struct lkm_need *v = &versions->items[i];

		if (!map_set(ret, v->name, v))
			return error_nomem(reterr);
	}
	return 0;
}

int needs_read(const struct elf *e, const struct needs *versions,
	       struct arena *out, struct needs *ret, struct lkm_error **reterr)
{
	_cleanup_map_ struct map by_name = { 0 };
	struct elf_symbol symbol;
	struct lkm_need *items;
	struct elf_symtab t;
	size_t count = 0;
	int rc;

	rc = symbols_open(e, &t, reterr);
	if (rc < 0)
		return rc;
	rc = versions_by_name(versions, &by_name, reterr);
	if (rc < 0)
		return rc;
	for (uint64_t i = 0; i < t.count; i++) {
		elf_symbol(e, &t, i, &symbol);
		count += symbol_is_need(e, &symbol);
	}
	items = arena_alloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	count = 0;
	for (uint64_t i = 0; i < t.count; i++) {
		const struct lkm_need *version;
		const char *name;

		elf_symbol(e, &t, i, &symbol);
		name = elf_symbol_name(&t, symbol.name);
		if (!symbol_is_need(e, &symbol) || !*name)
			continue;
		version = map_get(&by_name, name);
		items[count] = (struct lkm_need){
			.name = arena_strdup(out, name),
			.crc = version ? version->crc : 0,
			.has_crc = version,
			.weak = symbol.bind == STB_WEAK,
		};
		if (!items[count++].name)
			return error_nomem(reterr);
	}
	*ret = (struct needs){ items, count };
	return 0;
}

int exports_symbols(const struct elf *e, struct arena *out,
		    const char *const **ret, size_t *ret_count,
		    struct lkm_error **reterr)
{
	static const char prefix[] = "__ksymtab_";
	struct elf_symbol symbol;
	struct elf_symtab t;
	const char **names;
	size_t count = 0;
	int rc;

	rc = symbols_open(e, &t, reterr);
	if (rc < 0)
		return rc;
	for (uint64_t i = 0; i < t.count; i++) {
		elf_symbol(e, &t, i, &symbol);
		count += text_starts(elf_symbol_name(&t, symbol.name), prefix);
	}
	names = arena_alloc(out, count * sizeof(*names));
	if (!names)
		return error_nomem(reterr);
	count = 0;
	for (uint64_t i = 0; i < t.count; i++) {
		const char *name;

		elf_symbol(e, &t, i, &symbol);
		name = elf_symbol_name(&t, symbol.name);
		if (!text_starts(name, prefix))
			continue;
		name = arena_strdup(out, name + sizeof(prefix) - 1);
		if (!name)
			return error_nomem(reterr);
		names[count++] = name;
	}
	*ret = names;
	*ret_count = count;
	return 0;
}

/* "__crc_NAME" and the like: the export it tells of, NULL: none. */
static struct lkm_export *export_of(const struct map *by_name, const char *name,
				    const char *prefix)
{
	if (!text_starts(name, prefix))
		return NULL;
	return map_get(by_name, name + strlen(prefix));
}

/*
 * Until v4.9, and where CRCs are not relative, the symbol's value is the CRC;
 * else it is where in its section the CRC stands (include/linux/export.h).
 */
static void export_crc(const struct elf *e, const struct elf_symbol *symbol,
		       struct lkm_export *x)
{
	struct lkm_section section;
	struct span s;

	if (symbol->section == SHN_ABS) {
		x->crc = (uint32_t)symbol->value;
		x->has_crc = true;
		return;
	}
	if (!symbol->section || symbol->section >= e->count)
		return;
	elf_section(e, symbol->section, &section);
	x->has_crc = elf_content(e, &section, &s, NULL) == 0 &&
		     span_u32(s, symbol->value, e->header.is_big_endian,
			      &x->crc);
}

static void export_name_space(const struct elf *e,
			      const struct elf_symbol *symbol,
			      struct arena *out, struct lkm_export *x)
{
	struct lkm_section section;
	const char *text;
	struct span s;

	if (!symbol->section || symbol->section >= e->count)
		return;
	elf_section(e, symbol->section, &section);
	if (elf_content(e, &section, &s, NULL) == 0 &&
	    span_string(s, symbol->value, &text) && *text)
		x->name_space = arena_strdup(out, text);
}

static void export_symbol(const struct elf *e, const struct map *by_name,
			  const struct elf_symbol *symbol, const char *name,
			  struct arena *out)
{
	struct lkm_export *x;

	if ((x = export_of(by_name, name, "__crc_")))
		export_crc(e, symbol, x);
	else if ((x = export_of(by_name, name, "__kstrtabns_")))
		export_name_space(e, symbol, out, x);
	else if ((x = export_of(by_name, name, "__ksymtab_")) &&
		 symbol->section < e->count)
		x->gpl_only = text_starts(elf_section_name(e, symbol->section),
					  "__ksymtab_gpl");
}

int exports_read(const struct elf *e, const struct parts *p, struct arena *out,
		 const struct lkm_export **ret, size_t *ret_count,
		 struct lkm_error **reterr)
{
	_cleanup_map_ struct map by_name = { 0 };
	struct elf_symbol symbol;
	const char *const *names;
	struct lkm_export *items;
	struct elf_symtab t;
	size_t count;
	int rc;

	rc = exports_names(e, p, out, &names, &count, reterr);
	if (rc == 0)
		rc = exports_symbols(e, out, &names, &count, reterr);
	if (rc < 0)
		return rc;
	rc = symbols_open(e, &t, reterr);
	if (rc < 0)
		return rc;
	items = arena_zalloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	for (size_t i = 0; i < count; i++) {
		items[i].name = names[i];
		if (!map_set(&by_name, names[i], &items[i]))
			return error_nomem(reterr);
	}
	for (uint64_t i = 0; count && i < t.count; i++) {
		elf_symbol(e, &t, i, &symbol);
		export_symbol(e, &by_name, &symbol,
			      elf_symbol_name(&t, symbol.name), out);
	}
	*ret = items;
	*ret_count = count;
	return 0;
}
