// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of values, as plain text or JSON.
#include "cli/table.h"

#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/json.h"

void table_init(struct table *t, const char *name, const struct column *columns,
		size_t count)
{
	*t = (struct table){ .name = name,
			     .columns = columns,
			     .column_count = count };
}

void table_release(struct table *t)
{
	vec_release(&t->rows);
	arena_release(&t->arena);
}

size_t table_row(struct table *t, size_t parent)
{
	struct row row = { arena_zalloc(&t->arena,
					t->column_count * sizeof(struct cell)),
			   parent };

	if (!row.cells || !vec_push(&t->rows, row)) {
		t->failed = true;
		return 0;
	}
	return t->rows.len;
}

static struct cell *table_cell(struct table *t, size_t column)
{
	if (t->failed || !t->rows.len)
		return NULL;
	return &t->rows.data[t->rows.len - 1].cells[column];
}

void table_str(struct table *t, size_t column, const char *s)
{
	struct cell *c = table_cell(t, column);

	if (!c || !s)
		return;
	c->str = arena_strdup(&t->arena, s);
	c->kind = CELL_STR;
	if (!c->str)
		t->failed = true;
}

void table_strf(struct table *t, size_t column, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0) {
		s = NULL;
		t->failed = true;
	}
	va_end(ap);
	table_str(t, column, s);
}

void table_num(struct table *t, size_t column, int64_t n)
{
	struct cell *c = table_cell(t, column);

	if (c)
		*c = (struct cell){ .kind = CELL_NUM, .num = n };
}

void table_bool(struct table *t, size_t column, bool b)
{
	struct cell *c = table_cell(t, column);

	if (c)
		*c = (struct cell){ .kind = CELL_BOOL, .num = b };
}

void table_list(struct table *t, size_t column, const char *const *list,
		size_t count)
{
	struct cell *c = table_cell(t, column);
	const char **copy;

	if (!c)
		return;
	copy = arena_alloc(&t->arena, (count + 1) * sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = arena_strdup(&t->arena, list[i]);
		if (!copy[i])
			copy = NULL;
	}
	if (!copy)
		t->failed = true;
	else
		*c = (struct cell){ .kind = CELL_LIST,
				    .list = copy,
				    .count = count };
}

const char *table_cell_text(struct table *t, struct cell *cell)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_free_ char *made = NULL;

	switch (cell->kind) {
	case CELL_NONE: return "";
	case CELL_STR:
		if (!cell->text)
			strbuf_adds(&b, cli_printable(cell->str, &made));
		break;
	case CELL_BOOL: return cell->num ? "yes" : "no";
	case CELL_NUM:
		if (!cell->text)
			strbuf_addf(&b, "%lld", (long long)cell->num);
		break;
	case CELL_LIST:
		for (size_t i = 0; i < cell->count && !cell->text; i++)
			strbuf_addf(&b, "%s%s", i ? "," : "", cell->list[i]);
		break;
	}
	if (!cell->text && !b.failed)
		cell->text = arena_strdup(&t->arena, strbuf_str(&b));
	if (!cell->text)
		t->failed = true;
	return cell->text ? cell->text : "";
}

static struct json_object *cell_json(const struct cell *cell)
{
	struct json_object *list;

	switch (cell->kind) {
	case CELL_STR: return json_of_str(cell->str);
	case CELL_NUM: return json_of_num(cell->num);
	case CELL_BOOL: return json_of_bool(cell->num);
	case CELL_LIST:
		list = json_new_list();
		for (size_t i = 0; i < cell->count; i++)
			json_append(list, json_of_str(cell->list[i]));
		return list;
	case CELL_NONE: break;
	}
	return NULL;
}

static struct json_object *row_json(struct table *t, size_t number);

/* The rows below row @parent (number + 1); tables without trees: all. */
static struct json_object *rows_json(struct table *t, size_t parent)
{
	struct json_object *list = json_new_list();

	for (size_t i = parent; i < t->rows.len; i++) {
		if (t->rows.data[i].parent == parent)
			json_append(list, row_json(t, i));
	}
	return list;
}

static struct json_object *row_json(struct table *t, size_t number)
{
	const struct row *row = &t->rows.data[number];
	struct json_object *o = json_new();

	for (size_t c = 0; c < t->column_count; c++)
		json_add(o, t->columns[c].key, cell_json(&row->cells[c]));
	if (t->tree)
		json_add(o, "children", rows_json(t, number + 1));
	return o;
}

static size_t row_depth(const struct table *t, const struct row *row)
{
	size_t depth = 0;

	for (; row->parent; row = &t->rows.data[row->parent - 1])
		depth++;
	return depth;
}

/* Two columns in a tree for each level below the first. */
static void print_cell(struct table *t, const struct row *row, size_t c,
		       const size_t *widths, bool last)
{
	const struct column *column = &t->columns[c];
	size_t indent = column->flags & COLUMN_TREE ? 2 * row_depth(t, row) : 0;
	const char *text = table_cell_text(t, &row->cells[c]);

	if (column->flags & COLUMN_RIGHT)
		printf("%*s", (int)widths[c], text);
	else if (last)
		printf("%*s%s", (int)indent, "", text);
	else
		printf("%*s%-*s", (int)indent, "",
		       (int)(widths[c] - MIN_OF(indent, widths[c])), text);
	if (!last)
		fputs("  ", stdout);
}

static void measure(struct table *t, size_t *widths)
{
	for (size_t c = 0; c < t->column_count; c++) {
		if (!t->no_heading)
			widths[c] = strlen(t->columns[c].title);
		for (size_t i = 0; i < t->rows.len; i++) {
			const struct row *row = &t->rows.data[i];
			size_t n = strlen(table_cell_text(t, &row->cells[c]));

			if (t->columns[c].flags & COLUMN_TREE)
				n += 2 * row_depth(t, row);
			widths[c] = MAX_OF(widths[c], n);
		}
	}
}

static void table_print_plain(struct table *t, const size_t *widths)
{
	size_t last = 0;

	for (size_t c = 0; c < t->column_count; c++) {
		if (!(t->columns[c].flags & COLUMN_JSON_ONLY))
			last = c;
	}
	for (size_t c = 0; c <= last && !t->no_heading; c++) {
		if (t->columns[c].flags & COLUMN_JSON_ONLY)
			continue;
		printf(t->columns[c].flags & COLUMN_RIGHT ? "%*s" : "%-*s",
		       c == last && !(t->columns[c].flags & COLUMN_RIGHT) ?
			       0 :
			       (int)widths[c],
		       t->columns[c].title);
		fputs(c == last ? "\n" : "  ", stdout);
	}
	for (size_t i = 0; i < t->rows.len; i++) {
		for (size_t c = 0; c <= last; c++) {
			if (!(t->columns[c].flags & COLUMN_JSON_ONLY))
				print_cell(t, &t->rows.data[i], c, widths,
					   c == last);
		}
		putchar('\n');
	}
}

int table_print(struct table *t, struct cli *cli)
{
	struct lkm_error *e = NULL;
	size_t widths[16] = { 0 };

	/* Makes the text of every cell: what fails does so before any output.
	 */
	if (!t->failed && !cli->json)
		measure(t, widths);
	if (t->failed) {
		error_nomem(&e);
		return cli_fail(cli, e);
	}
	if (cli->json) {
		struct json_object *o = json_new();

		json_add(o, t->name, rows_json(t, 0));
		return json_print(o) ? CLI_DONE : CLI_FAILED;
	}
	if (!cli_is_terminal(STDOUT_FILENO) || !table_print_terminal(t))
		table_print_plain(t, widths);
	return CLI_DONE;
}
