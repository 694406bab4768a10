// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of values, shown as a table, as plain text or as JSON.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"

/*
 * DOC: a verb fills one table; how it is shown is not its business.  On a
 * terminal libsmartcols fits it to the width; to a pipe it is aligned text
 * that does not depend on the terminal; with --json it is
 * {"NAME": [{"column": value, ...}, ...]}.
 */
enum column_flags {
	COLUMN_RIGHT = 1,
	COLUMN_JSON_ONLY = 2,
	COLUMN_TREE = 4,  /* rows with a parent are drawn below it here */
	COLUMN_TRUNC = 8, /* may be cut on a narrow terminal */
};

struct column {
	const char *key;   /* in JSON */
	const char *title; /* in the heading */
	unsigned int flags;
};

struct cell {
	enum { CELL_NONE, CELL_STR, CELL_NUM, CELL_BOOL, CELL_LIST } kind;
	const char *str;
	int64_t num;
	const char *const *list;
	size_t count;
	const char *text; /* what table_cell_text() made of it */
};

struct row {
	struct cell *cells;
	size_t parent; /* row number + 1, 0: none */
};

struct table {
	const char *name;
	const struct column *columns;
	size_t column_count;
	bool no_heading;
	bool tree; /* rows have children, in JSON too */
	struct arena arena;
	VEC(struct row) rows;
	bool failed;
};

void table_init(struct table *t, const char *name, const struct column *columns,
		size_t count);
void table_release(struct table *t);
/* A new row below @parent (row number + 1; 0: none); its number + 1. */
size_t table_row(struct table *t, size_t parent);
/* Set a cell of the last row.  Strings are copied; NULL leaves it empty. */
void table_str(struct table *t, size_t column, const char *s);
void table_strf(struct table *t, size_t column, const char *fmt, ...)
	_printf_(3, 4);
void table_num(struct table *t, size_t column, int64_t n);
void table_bool(struct table *t, size_t column, bool b);
void table_list(struct table *t, size_t column, const char *const *list,
		size_t count);
/* As text ("" for an empty cell), kept in the table. */
const char *table_cell_text(struct table *t, struct cell *cell);

struct cli;
/* Print to stdout in the form that @cli wants.  An exit status. */
int table_print(struct table *t, struct cli *cli);
/* table-terminal.c: false where libsmartcols cannot be had or fails. */
bool table_print_terminal(struct table *t);

#define _cleanup_table_ _cleanup_(table_release)
