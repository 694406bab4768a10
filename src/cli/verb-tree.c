// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm tree: what modules need, and what needs them.
#include "base/text.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <string.h>

#define DEPTH_MAX 64

enum { TREE_MODULE, TREE_PATH };

static const struct column columns[] = {
	[TREE_MODULE] = { "module", "MODULE", COLUMN_TREE },
	[TREE_PATH] = { "path", "PATH", COLUMN_TRUNC },
};

static bool has_dep(const struct lkm_module_file *m, const char *name)
{
	for (size_t i = 0; i < m->dep_count; i++) {
		if (module_name_equals(m->deps[i].name, name))
			return true;
	}
	return false;
}

/* Does a dependency of @m bring @name along already? */
static int is_indirect(struct lkm_tree *tree, const struct lkm_module_file *m,
		       const char *name, struct lkm_error **reterr)
{
	for (size_t i = 0; i < m->dep_count; i++) {
		const struct lkm_module_file *d;
		int rc = lkm_tree_module(tree, m->deps[i].name, &d, reterr);

		if (rc < 0)
			return rc;
		if (rc && has_dep(d, name))
			return 1;
	}
	return 0;
}

static int add_needs(struct table *t, struct lkm_tree *tree,
		     const struct lkm_module_file *m, size_t parent, int depth,
		     struct lkm_error **reterr)
{
	size_t row = table_row(t, parent);
	int rc = 0;

	table_str(t, TREE_MODULE, m->name);
	table_str(t, TREE_PATH, m->path);
	if (!row || depth == DEPTH_MAX)
		return 0;
	for (size_t i = 0; i < m->dep_count && rc >= 0; i++) {
		const struct lkm_module_file *d;

		rc = is_indirect(tree, m, m->deps[i].name, reterr);
		if (rc)
			continue;
		rc = lkm_tree_module(tree, m->deps[i].name, &d, reterr);
		if (rc > 0)
			rc = add_needs(t, tree, d, row, depth + 1, reterr);
	}
	return rc < 0 ? rc : 0;
}

static int add_users(struct table *t, struct lkm_tree *tree,
		     const struct lkm_module_file *m, struct lkm_error **reterr)
{
	const struct lkm_module_file *all;
	size_t row = table_row(t, 0);
	size_t count;
	int rc = lkm_tree_modules(tree, &all, &count, reterr);

	table_str(t, TREE_MODULE, m->name);
	table_str(t, TREE_PATH, m->path);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		if (!has_dep(&all[i], m->name))
			continue;
		table_row(t, row);
		table_str(t, TREE_MODULE, all[i].name);
		table_str(t, TREE_PATH, all[i].path);
	}
	return rc < 0 ? rc : 0;
}

static int tree_run(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	const struct lkm_module_file *m;
	struct lkm_error *e = NULL;
	struct lkm_tree *tree;
	int rc = 0;

	table_init(&t, "modules", columns, ARRAY_SIZE(columns));
	t.tree = true;
	if (!argc)
		return cli_usage(cli, "which module?");
	if (cli_tree(cli, &tree, &e) < 0)
		return cli_fail(cli, e);
	for (int i = 0; i < argc && rc >= 0; i++) {
		rc = lkm_tree_module(tree, argv[i], &m, &e);
		if (!rc)
			rc = FAIL(&e, CLI_MODULE_UNKNOWN,
				  KV_STR("module", argv[i]),
				  KV_STR("tree", lkm_tree_dir(tree)));
		else if (rc > 0 && cli_has(cli, "reverse"))
			rc = add_users(&t, tree, m, &e);
		else if (rc > 0)
			rc = add_needs(&t, tree, m, 0, 0, &e);
	}
	return rc < 0 ? cli_fail(cli, e) : table_print(&t, cli);
}

const struct verb verb_tree = {
	.name = "tree",
	.args = "NAME...",
	.summary = "what a module needs, drawn as a tree",
	.detail = "The modules on disk that NAME needs, each above what it "
		  "needs itself.  A module that\nanother one brings along is "
		  "drawn only there.",
	.options =
		(const struct option_spec[]){
			{ "reverse", 'r', NULL, "all modules that need NAME" },
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_MODULES,
	.run = tree_run,
};
