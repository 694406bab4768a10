// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm why: what loads a module, what stops it, who holds it.
#include "cli/table.h"
#include "cli/verbs.h"

enum {
	WHY_RELATION,
	WHY_SUBJECT,
	WHY_TEXT,
	WHY_WHERE,
	WHY_MODULE,
	WHY_FILE,
	WHY_LINE
};

static const struct column columns[] = {
	[WHY_RELATION] = { "relation", "RELATION", 0 },
	[WHY_SUBJECT] = { "subject", "SUBJECT", COLUMN_TRUNC },
	[WHY_TEXT] = { "text", "TEXT", COLUMN_TRUNC },
	[WHY_WHERE] = { "where", "WHERE", 0 },
	[WHY_MODULE] = { "module", "MODULE", COLUMN_JSON_ONLY },
	[WHY_FILE] = { "file", "FILE", COLUMN_JSON_ONLY },
	[WHY_LINE] = { "line", "LINE", COLUMN_JSON_ONLY },
};

static void why_rows(struct table *t, const struct lkm_reasons *reasons)
{
	for (size_t i = 0; i < reasons->count; i++) {
		const struct lkm_reason *r = &reasons->items[i];

		table_row(t, 0);
		table_str(t, WHY_RELATION, r->relation);
		table_str(t, WHY_SUBJECT, r->subject);
		table_str(t, WHY_TEXT, r->text);
		if (r->file && r->line)
			table_strf(t, WHY_WHERE, "%s:%u", r->file, r->line);
		else
			table_str(t, WHY_WHERE, r->file ? r->file : "kernel");
		table_str(t, WHY_MODULE, reasons->module);
		table_str(t, WHY_FILE, r->file);
		if (r->line)
			table_num(t, WHY_LINE, r->line);
	}
}

static int why_run(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	struct lkm_reasons *reasons = NULL;
	struct lkm_plan_inputs in;
	struct lkm_error *e = NULL;
	int rc;

	if (argc != 1)
		return cli_usage(cli, "one module at a time");
	table_init(&t, "reasons", columns, ARRAY_SIZE(columns));
	rc = cli_plan_inputs(cli, &in, &e);
	if (!rc)
		rc = lkm_plan_explain(&in, cli->root, argv[0], &reasons, &e);
	if (!rc && !reasons->count)
		rc = FAIL(&e, CLI_MODULE_UNKNOWN, KV_STR("module", argv[0]),
			  KV_STR("tree", lkm_tree_dir(in.tree)));
	if (rc < 0) {
		lkm_reasons_free(reasons);
		return cli_fail(cli, e);
	}
	why_rows(&t, reasons);
	lkm_reasons_free(reasons);
	return table_print(&t, cli);
}

const struct verb verb_why = {
	.name = "why",
	.args = "NAME",
	.summary = "why a module is loaded, what would load it, what stops it",
	.detail =
		"Everything that is known of NAME, with file and line: aliases "
		"and modules that bring\nit in, modules-load.d, rules that "
		"stop it, its options, and what holds it in the\nkernel.",
	.flags = VERB_ON,
	.words = WORDS_MODULES,
	.run = why_run,
};
