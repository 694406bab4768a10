// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm list: the modules in the kernel.
#include "cli/table.h"
#include "cli/verbs.h"

#include <string.h>

/* A module is used by others that are loaded: no chain is longer. */
#define TREE_DEPTH_MAX 64

enum { LIST_NAME, LIST_SIZE, LIST_USED, LIST_STATE, LIST_TAINTS, LIST_BY };

static const struct column columns[] = {
	[LIST_NAME] = { "name", "MODULE", COLUMN_TREE },
	[LIST_SIZE] = { "size", "SIZE", COLUMN_RIGHT },
	[LIST_USED] = { "used", "USED", COLUMN_RIGHT },
	[LIST_STATE] = { "state", "STATE", 0 },
	[LIST_TAINTS] = { "taints", "TAINTS", 0 },
	[LIST_BY] = { "by", "BY", COLUMN_TRUNC },
};

static const char *state_name(enum lkm_initstate state)
{
	switch (state) {
	case LKM_STATE_COMING: return "loading";
	case LKM_STATE_GOING: return "unloading";
	case LKM_STATE_LIVE: break;
	}
	return "live";
}

static size_t list_row(struct table *t, const struct lkm_loaded *m,
		       size_t parent)
{
	size_t row = table_row(t, parent);

	table_str(t, LIST_NAME, m->name);
	table_num(t, LIST_SIZE, (int64_t)m->size);
	table_num(t, LIST_USED, m->refcount);
	table_str(t, LIST_STATE, state_name(m->state));
	table_str(t, LIST_TAINTS, m->taints);
	table_list(t, LIST_BY, m->holders, m->holder_count);
	return row;
}

static bool is_held_by(const struct lkm_loaded *m, const char *holder)
{
	for (size_t i = 0; i < m->holder_count; i++) {
		if (!strcmp(m->holders[i], holder))
			return true;
	}
	return false;
}

/* @m, and below it what it uses. */
static void list_branch(struct table *t, const struct lkm_facts *facts,
			const struct lkm_loaded *m, size_t parent, int depth)
{
	size_t row = list_row(t, m, parent);
	const struct lkm_loaded *all;
	size_t count;

	if (!row || depth == TREE_DEPTH_MAX)
		return;
	all = lkm_facts_modules(facts, &count);
	for (size_t i = 0; i < count; i++) {
		if (is_held_by(&all[i], m->name))
			list_branch(t, facts, &all[i], row, depth + 1);
	}
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	const char *const *names = (const char *const *)argv;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return !argc;
}

static int list_run(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	const struct lkm_facts *facts;
	const struct lkm_loaded *all;
	struct lkm_error *e = NULL;
	bool tree = cli_has(cli, "tree");
	size_t count;

	table_init(&t, "modules", columns, ARRAY_SIZE(columns));
	t.tree = tree;
	if (cli_facts(cli, &facts, &e) < 0)
		return cli_fail(cli, e);
	if (lkm_facts_known(facts, LKM_FACT_HAS_MODULES) == LKM_NO) {
		FAIL(&e, CLI_KERNEL_MODULELESS);
		return cli_fail(cli, e);
	}
	all = lkm_facts_modules(facts, &count);
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(all[i].name, argc, argv))
			continue;
		if (!tree)
			list_row(&t, &all[i], 0);
		else if (argc || !all[i].holder_count)
			list_branch(&t, facts, &all[i], 0, 0);
	}
	return table_print(&t, cli);
}

const struct verb verb_list = {
	.name = "list",
	.args = "[NAME...]",
	.summary = "the modules in the kernel",
	.detail = "Lists what is loaded, newest first: size in bytes, how many "
		  "use it, its state,\nits taints and the modules that use it.",
	.options =
		(const struct option_spec[]){
			{ "tree", 't', NULL,
			  "each module above the ones that it uses" },
			{ 0 },
		},
	.flags = VERB_ON | VERB_GUEST,
	.words = WORDS_LOADED,
	.run = list_run,
};
