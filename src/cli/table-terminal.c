// SPDX-License-Identifier: LGPL-2.1-or-later
// Tables on a terminal, by libsmartcols, which is loaded when first needed.
#include "cli/table.h"

#ifdef HAVE_SMARTCOLS

#include <libsmartcols.h>
#include <locale.h>

#include "base/dl.h"
#include "base/macro.h"

#define SCOLS_FUNCTIONS(X)               \
	X(scols_new_table)               \
	X(scols_unref_table)             \
	X(scols_table_new_column)        \
	X(scols_table_new_line)          \
	X(scols_line_set_data)           \
	X(scols_table_enable_noheadings) \
	X(scols_print_table)

DL_NOTE(smartcols, "tables", "tables sized to the terminal", "suggested",
	"libsmartcols.so.1");

#define X(name) static __typeof__(name) *lib_##name;
SCOLS_FUNCTIONS(X)
#undef X

static bool scols_load(void)
{
#define X(name) { #name, (void **)&lib_##name },
	static const struct dl_symbol symbols[] = { SCOLS_FUNCTIONS(X) };
#undef X

	return dl_load("libsmartcols.so.1", symbols, ARRAY_SIZE(symbols),
		       NULL) == 0;
}

static bool add_columns(struct table *t, struct libscols_table *out)
{
	for (size_t c = 0; c < t->column_count; c++) {
		unsigned int flags = t->columns[c].flags;
		int scols = 0;

		if (flags & COLUMN_JSON_ONLY)
			continue;
		if (flags & COLUMN_RIGHT)
			scols |= SCOLS_FL_RIGHT;
		if (flags & COLUMN_TREE)
			scols |= SCOLS_FL_TREE;
		if (flags & COLUMN_TRUNC)
			scols |= SCOLS_FL_TRUNC;
		if (!lib_scols_table_new_column(out, t->columns[c].title, 0,
						scols))
			return false;
	}
	return true;
}

static struct libscols_line *add_line(struct table *t, const struct row *row,
				      struct libscols_table *out,
				      struct libscols_line *parent)
{
	struct libscols_line *line = lib_scols_table_new_line(out, parent);
	size_t n = 0;

	for (size_t c = 0; line && c < t->column_count; c++) {
		if (t->columns[c].flags & COLUMN_JSON_ONLY)
			continue;
		if (lib_scols_line_set_data(
			    line, n++, table_cell_text(t, &row->cells[c])) < 0)
			return NULL;
	}
	return line;
}

bool table_print_terminal(struct table *t)
{
	struct libscols_table *out;
	struct libscols_line **lines;
	bool ok;

	if (!scols_load())
		return false;
	/* For the width of characters; nothing else here knows a locale. */
	setlocale(LC_CTYPE, "");
	out = lib_scols_new_table();
	lines = calloc(t->rows.len + 1, sizeof(*lines));
	ok = out && lines && add_columns(t, out);
	/* A parent's line stands before its children's. */
	for (size_t i = 0; ok && i < t->rows.len; i++) {
		const struct row *row = &t->rows.data[i];

		lines[i] = add_line(t, row, out,
				    row->parent ? lines[row->parent - 1] :
						  NULL);
		ok = lines[i] != NULL;
	}
	if (ok) {
		lib_scols_table_enable_noheadings(out, t->no_heading);
		ok = lib_scols_print_table(out) == 0;
	}
	if (out)
		lib_scols_unref_table(out);
	free(lines);
	return ok;
}

#else

bool table_print_terminal(struct table *t)
{
	return false;
}

#endif
