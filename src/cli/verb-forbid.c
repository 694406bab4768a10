// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm forbid and allow: modules that must not be loaded, whatever asks.
#include "cli/table.h"
#include "cli/verbs.h"

enum { GAP_MODULE, GAP_LOADER, GAP_PATH, GAP_FILE, GAP_LINE };

static const struct column gap_columns[] = {
	[GAP_MODULE] = { "module", "MODULE", 0 },
	[GAP_LOADER] = { "loader", "LOADER", 0 },
	[GAP_PATH] = { "path", "HOW", 0 },
	[GAP_FILE] = { "file", "FILE", 0 },
	[GAP_LINE] = { "line", "LINE", COLUMN_RIGHT },
};

/* What lkm cannot close: other loaders, and copies of the module. */
static int report_gaps(struct cli *cli, const char *name, struct table *t,
		       struct lkm_error **reterr)
{
	const struct lkm_forbid_gap *all;
	const struct lkm_policy *policy;
	struct lkm_forbid_gaps *gaps;
	size_t count;
	int rc;

	/* As the rules are now, with the new ones. */
	lkm_policy_free(cli->policy);
	cli->policy = NULL;
	rc = cli_policy(cli, &policy, reterr);
	if (!rc)
		rc = lkm_policy_forbid_gaps(policy, cli->root, name, &gaps,
					    reterr);
	if (rc < 0)
		return rc;
	all = lkm_forbid_gaps_all(gaps, &count);
	for (size_t i = 0; i < count; i++) {
		table_row(t, 0);
		table_str(t, GAP_MODULE, name);
		table_str(t, GAP_LOADER, all[i].loader);
		table_str(t, GAP_PATH, all[i].path);
		table_str(t, GAP_FILE, all[i].file);
		if (all[i].line)
			table_num(t, GAP_LINE, all[i].line);
	}
	lkm_forbid_gaps_free(gaps);
	return 0;
}

static int forbid_one(struct cli *cli, const char *name, struct table *t,
		      struct lkm_error **reterr)
{
	int rc;

	if (cli->dry_run) {
		cli_note(cli, "would forbid %s in /etc/modprobe.d/lkm.conf",
			 name);
		return 0;
	}
	rc = lkm_policy_forbid(cli->root, name, reterr);
	if (rc < 0)
		return rc;
	cli_note(cli, "%s is forbidden: /etc/modprobe.d/lkm.conf", name);
	return report_gaps(cli, name, t, reterr);
}

static int forbid_run(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	struct lkm_error *e = NULL;
	int good = 0, bad = 0;

	table_init(&t, "gaps", gap_columns, ARRAY_SIZE(gap_columns));
	if (!argc)
		return cli_usage(cli, "which module?");
	for (int i = 0; i < argc; i++) {
		if (forbid_one(cli, argv[i], &t, &e) == 0) {
			good++;
			continue;
		}
		bad++;
		cli_fail(cli, e);
		e = NULL;
	}
	if (t.rows.len && !cli->json)
		cli_note(cli, "what could still load it, outside of lkm:");
	if (t.rows.len || (cli->json && good))
		table_print(&t, cli);
	if (!bad)
		return CLI_DONE;
	return good ? CLI_PARTLY : CLI_FAILED;
}

const struct verb verb_forbid = {
	.name = "forbid",
	.args = "NAME...",
	.summary = "never load a module, whatever asks for it",
	.detail =
		"No path through lkm loads a forbidden module: not its name, "
		"an alias, a dependency, a\nsoftdep or a file.  The rule is "
		"written as ordinary modprobe.d lines that kmod obeys as\nfar "
		"as it can; what could still load it is listed.",
	.words = WORDS_MODULES,
	.run = forbid_run,
};

static int allow_run(struct cli *cli, int argc, char **argv)
{
	struct lkm_error *e = NULL;
	int rc = CLI_DONE;

	if (!argc)
		return cli_usage(cli, "which module?");
	for (int i = 0; i < argc; i++) {
		if (cli->dry_run) {
			cli_note(cli, "would allow %s again", argv[i]);
		} else if (lkm_policy_allow(cli->root, argv[i], &e) < 0) {
			cli_fail(cli, e);
			e = NULL;
			rc = i ? CLI_PARTLY : CLI_FAILED;
		}
	}
	return rc;
}

const struct verb verb_allow = {
	.name = "allow",
	.args = "NAME...",
	.summary = "take back what 'lkm forbid' wrote",
	.detail = "Removes the lines that 'lkm forbid NAME' wrote, and no "
		  "others.  Where another file\nforbids the module, that file "
		  "is named.",
	.words = WORDS_MODULES,
	.run = allow_run,
};
