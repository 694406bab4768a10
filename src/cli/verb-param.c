// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm param: parameters of a loaded module, and for its next loads.
#include "cli/table.h"
#include "cli/verbs.h"

#include <string.h>

enum { PARAM_NAME, PARAM_VALUE, PARAM_WRITABLE };

static const struct column columns[] = {
	[PARAM_NAME] = { "name", "PARAMETER", 0 },
	[PARAM_VALUE] = { "value", "VALUE", COLUMN_TRUNC },
	[PARAM_WRITABLE] = { "writable", "WRITABLE", 0 },
};

static int param_show(struct cli *cli, const char *module, const char *only)
{
	_cleanup_table_ struct table t;
	struct lkm_param *params = NULL;
	struct lkm_kernel *kernel;
	struct lkm_error *e = NULL;
	size_t count = 0, shown = 0;
	int rc;

	table_init(&t, "parameters", columns, ARRAY_SIZE(columns));
	if (cli_kernel(cli, &kernel, &e) < 0 ||
	    lkm_kernel_params(kernel, module, &params, &count, &e) < 0)
		return cli_fail(cli, e);
	for (size_t i = 0; i < count; i++) {
		if (only && strcmp(only, params[i].name))
			continue;
		shown++;
		table_row(&t, 0);
		table_str(&t, PARAM_NAME, params[i].name);
		table_str(&t, PARAM_VALUE, params[i].value);
		table_bool(&t, PARAM_WRITABLE, params[i].writable);
	}
	if (only && !shown) {
		FAIL(&e, CLI_PARAM_UNKNOWN, KV_STR("module", module),
		     KV_STR("param", only));
		rc = cli_fail(cli, e);
	} else if (only && !cli->json) {
		puts(table_cell_text(&t, &t.rows.data[0].cells[PARAM_VALUE]));
		rc = CLI_DONE;
	} else {
		rc = table_print(&t, cli);
	}
	lkm_params_free(params, count);
	return rc;
}

/* @assignment is "NAME=VALUE", or "NAME" with --persist to forget it. */
static int param_set(struct cli *cli, const char *module,
		     const char *assignment)
{
	const char *eq = strchr(assignment, '=');
	_cleanup_free_ char *name = NULL;
	struct lkm_kernel *kernel;
	struct lkm_error *e = NULL;
	int rc = 0;

	name = eq ? strndup(assignment, (size_t)(eq - assignment)) :
		    strdup(assignment);
	if (!name)
		rc = error_nomem(&e);
	if (!rc && cli_has(cli, "persist") && !cli->dry_run)
		rc = lkm_policy_persist_param(cli->root, module, name,
					      eq ? eq + 1 : NULL, &e);
	if (rc < 0)
		return cli_fail(cli, e);
	if (!eq || cli_has(cli, "later"))
		return CLI_DONE;
	if (cli->dry_run) {
		cli_note(cli, "would set %s of %s to %s", name, module, eq + 1);
		return CLI_DONE;
	}
	if (cli_kernel(cli, &kernel, &e) < 0 ||
	    lkm_kernel_set_param(kernel, module, name, eq + 1, &e) < 0)
		return cli_fail(cli, e);
	return CLI_DONE;
}

static int param_run(struct cli *cli, int argc, char **argv)
{
	bool persist = cli_has(cli, "persist");
	int worst = CLI_DONE, good = 0;

	if (argc < 1)
		return cli_usage(cli, "which module?");
	if (cli_has(cli, "later") && !persist)
		return cli_usage(cli, "--later goes with --persist");
	if (argc == 1 && !persist)
		return param_show(cli, argv[0], NULL);
	if (argc == 2 && !strchr(argv[1], '=') && !persist)
		return param_show(cli, argv[0], argv[1]);
	if (argc < 2)
		return cli_usage(cli, "--persist needs PARAM=VALUE");
	for (int i = 1; i < argc; i++) {
		int rc = param_set(cli, argv[0], argv[i]);

		good += rc == CLI_DONE;
		worst = rc ? rc : worst;
	}
	return worst && good ? CLI_PARTLY : worst;
}

const struct verb verb_param = {
	.name = "param",
	.args = "MODULE [PARAM | PARAM=VALUE...]",
	.summary = "parameters of a loaded module, now and for later",
	.detail = "Without PARAM all parameters of the loaded (or built-in) "
		  "module; with PARAM its value;\nwith PARAM=VALUE sets it in "
		  "the running kernel where the module allows that.",
	.options =
		(const struct option_spec[]){
			{ "persist", 0, NULL,
			  "for later loads too (without =VALUE: no longer)" },
			{ "later", 0, NULL,
			  "with --persist: leave the kernel alone" },
			{ 0 },
		},
	.flags = VERB_ON | VERB_GUEST,
	.words = WORDS_LOADED,
	.run = param_run,
};
