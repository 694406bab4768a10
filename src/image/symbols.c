// SPDX-License-Identifier: LGPL-2.1-or-later
// What the symbol table says of needs and exports.
#include "image/symbols.h"

#include <elf.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"

/* All symbols and their names. */
static int symbols_open(const struct elf *e, struct elf_symtab *ret,
			struct lkm_error **reterr)
{
	int rc = elf_symtab(e, 0, ret, reterr);

	return rc < 0 ? rc : elf_symtab_names(e, ret, 0, reterr);
}

/* From now on names are the arena's. */
static int symbols_keep_names(struct elf_symtab *t, struct arena *out,
			      struct lkm_error **reterr)
{
	uint8_t *copy = arena_memdup(out, t->strings.data, t->strings.size);

	if (!copy)
		return error_nomem(reterr);
	t->strings.data = copy;
	return 0;
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

static int needs_names(const struct elf *e, struct elf_symtab *t,
		       struct arena *out, size_t *ret_count,
		       struct lkm_error **reterr)
{
	uint64_t first = UINT64_MAX;
	struct elf_symbol symbol;
	size_t count = 0;
	int rc;

	for (uint64_t i = 0; i < t->count; i++) {
		elf_symbol(e, t, i, &symbol);
		if (!symbol_is_need(e, &symbol))
			continue;
		first = MIN_OF(first, symbol.name);
		count++;
	}
	*ret_count = count;
	if (!count)
		return 0;
	rc = elf_symtab_names(e, t, first, reterr);
	return rc < 0 ? rc : symbols_keep_names(t, out, reterr);
}

int needs_undefined(const struct elf *e, struct arena *out, struct needs *ret,
		    struct lkm_error **reterr)
{
	struct elf_symbol symbol;
	struct lkm_need *items;
	struct elf_symtab t;
	size_t count = 0;
	int rc;

	rc = elf_symtab(e, UINT64_MAX, &t, reterr);
	if (rc < 0)
		return rc;
	rc = needs_names(e, &t, out, &count, reterr);
	if (rc < 0)
		return rc;
	items = arena_alloc(out, count * sizeof(*items));
	if (!items)
		return error_nomem(reterr);
	count = 0;
	for (uint64_t i = 0; i < t.count; i++) {
		const char *name;

		elf_symbol(e, &t, i, &symbol);
		if (!symbol_is_need(e, &symbol))
			continue;
		rc = elf_symbol_name(e, &t, symbol.name, &name, reterr);
		if (rc < 0)
			return rc;
		if (*name)
			items[count++] = (struct lkm_need){
				.name = name,
				.weak = symbol.bind == STB_WEAK,
			};
	}
	*ret = (struct needs){ items, count };
	return 0;
}

int needs_read(const struct elf *e, const struct needs *versions,
	       struct arena *out, struct needs *ret, struct lkm_error **reterr)
{
	_cleanup_map_ struct map by_name = { 0 };
	struct needs needs;
	int rc;

	rc = needs_undefined(e, out, &needs, reterr);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < versions->count; i++) {
		struct lkm_need *v = &versions->items[i];

		if (!map_set(&by_name, v->name, v))
			return error_nomem(reterr);
	}
	for (size_t i = 0; i < needs.count; i++) {
		const struct lkm_need *v;

		v = map_get(&by_name, needs.items[i].name);
		needs.items[i].has_crc = v;
		needs.items[i].crc = v ? v->crc : 0;
	}
	*ret = needs;
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
	if (rc == 0)
		rc = symbols_keep_names(&t, out, reterr);
	if (rc < 0)
		return rc;
	names = arena_alloc(out, t.count * sizeof(*names));
	if (!names)
		return error_nomem(reterr);
	for (uint64_t i = 0; i < t.count; i++) {
		const char *name;

		elf_symbol(e, &t, i, &symbol);
		rc = elf_symbol_name(e, &t, symbol.name, &name, reterr);
		if (rc < 0)
			return rc;
		if (text_starts(name, prefix))
			names[count++] = name + sizeof(prefix) - 1;
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
	struct span s;

	if (symbol->section == SHN_ABS) {
		x->crc = (uint32_t)symbol->value;
		x->has_crc = true;
		return;
	}
	x->has_crc = elf_section_part(e, symbol->section, symbol->value,
				      sizeof(x->crc), &s) &&
		     span_u32(s, 0, e->header.is_big_endian, &x->crc);
}

static int export_name_space(const struct elf *e,
			     const struct elf_symbol *symbol, struct arena *out,
			     struct lkm_export *x, struct lkm_error **reterr)
{
	const char *text;
	struct span s;

	if (x->name_space ||
	    !elf_section_part(e, symbol->section, symbol->value, ELF_NAME_MAX,
			      &s) ||
	    !span_string(s, 0, &text) || !*text)
		return 0;
	x->name_space = arena_strdup(out, text);
	return x->name_space ? 0 : error_nomem(reterr);
}

static int export_symbol(const struct elf *e, const struct map *by_name,
			 const struct elf_symbol *symbol, const char *name,
			 struct arena *out, struct lkm_error **reterr)
{
	struct lkm_export *x;

	if ((x = export_of(by_name, name, "__crc_")))
		export_crc(e, symbol, x);
	else if ((x = export_of(by_name, name, "__kstrtabns_")))
		return export_name_space(e, symbol, out, x, reterr);
	else if ((x = export_of(by_name, name, "__ksymtab_")) &&
		 symbol->section < e->count)
		x->gpl_only = text_starts(elf_section_name(e, symbol->section),
					  "__ksymtab_gpl");
	return 0;
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
		const char *name;

		elf_symbol(e, &t, i, &symbol);
		rc = elf_symbol_name(e, &t, symbol.name, &name, reterr);
		if (rc == 0)
			rc = export_symbol(e, &by_name, &symbol, name, out,
					   reterr);
		if (rc < 0)
			return rc;
	}
	*ret = items;
	*ret_count = count;
	return 0;
}
