// SPDX-License-Identifier: LGPL-2.1-or-later
// What the symbol table says of needs and exports.
#pragma once

#include "image/parts.h"

/* Undefined, and meant so. */
bool symbol_is_need(const struct elf *e, const struct elf_symbol *symbol);

/*
 * Undefined symbols in the table's order, without versions.  Of the names,
 * which mostly are those of local symbols, only the part is read that they are
 * in, and it is copied to @out whole.
 */
int needs_undefined(const struct elf *e, struct arena *out, struct needs *ret,
		    struct lkm_error **reterr);

/* As above, with their @versions. */
int needs_read(const struct elf *e, const struct needs *versions,
	       struct arena *out, struct needs *ret, struct lkm_error **reterr);

/* Exports with CRC, mark and namespace. */
int exports_read(const struct elf *e, const struct parts *p, struct arena *out,
		 const struct lkm_export **ret, size_t *ret_count,
		 struct lkm_error **reterr);

/* Exported names by the symbol table, where the strings alone do not tell. */
int exports_symbols(const struct elf *e, struct arena *out,
		    const char *const **ret, size_t *ret_count,
		    struct lkm_error **reterr);
