// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm, under whatever name it was called.
#include "cli/cli.h"

#include <string.h>

#include "cli/compat/compat.h"
#include "cli/json.h"

#ifndef LKM_VERSION
#define LKM_VERSION "unknown"
#endif

static int common_apply(struct cli *cli)
{
	const char *dialect = cli_opt(cli, "dialect");
	const char *layer;
	struct lkm_error *e = NULL;

	cli->root = cli_opt(cli, "root");
	cli->release = cli_opt(cli, "kernel");
	cli->on = cli_opt(cli, "on");
	cli->dry_run = cli_has(cli, "dry-run");
	cli->quiet = cli_has(cli, "quiet");
	cli->verbose = 0;
	while (cli_opt_nth(cli, "verbose", (size_t)cli->verbose))
		cli->verbose++;
	for (size_t i = 0; (layer = cli_opt_nth(cli, "layer", i)); i++) {
		if (i == ARRAY_SIZE(cli->layers))
			return cli_usage(cli, "at most %zu layers",
					 ARRAY_SIZE(cli->layers));
		cli->layers[i] = layer;
		cli->layer_count = i + 1;
	}
	if (dialect && strcmp(dialect, "lkm") && strcmp(dialect, "kmod"))
		return cli_usage(cli, "--dialect is 'lkm' or 'kmod'");
	if (dialect && !strcmp(dialect, "kmod"))
		cli->dialect = LKM_DIALECT_KMOD;
	if (cli->on && strcmp(cli->on, "live"))
		return cli_usage(cli,
				 "--on %s: this build acts on the live "
				 "kernel only ('lkm vm' boots another)",
				 cli->on);
	if (!cli_has(cli, "json"))
		return CLI_DONE;
	if (json_load(&e) < 0)
		return cli_fail(cli, e);
	cli->json = true;
	return CLI_DONE;
}

static int verb_run(struct cli *cli, int argc, char **argv)
{
	const struct option_spec *tables[] = { common_options,
					       cli->verb->options, NULL };
	int first, rc;

	rc = options_parse(cli, tables, cli->verb->flags & VERB_STOP_AT_ARGS,
			   argc, argv, &first);
	if (rc)
		return rc;
	if (cli_has(cli, "help")) {
		help_verb(stdout, cli->verb);
		return CLI_DONE;
	}
	rc = common_apply(cli);
	if (rc)
		return rc;
	rc = cli->verb->run(cli, argc - first, argv + first);
	cli_tree_warnings(cli);
	return rc;
}

static int lkm_main(struct cli *cli, int argc, char **argv)
{
	const struct option_spec *tables[] = { common_options, NULL };
	int first, rc;

	rc = options_parse(cli, tables, true, argc, argv, &first);
	if (rc)
		return rc;
	if (cli_has(cli, "version")) {
		puts("lkm " LKM_VERSION);
		return CLI_DONE;
	}
	if (cli_has(cli, "help") && first == argc) {
		help_overview(stdout);
		return CLI_DONE;
	}
	if (first == argc) {
		help_overview(stderr);
		return CLI_USAGE;
	}
	cli->verb = verb_find_by_name(argv[first]);
	if (!cli->verb)
		return cli_usage(cli, "there is no verb '%s'", argv[first]);
	return verb_run(cli, argc - first, argv + first);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	const struct compat *compat;
	int rc;

	compat = argc ? compat_find(argv[0]) : NULL;
	rc = compat ? compat->run(&cli, argc, argv) :
		      lkm_main(&cli, argc, argv);
	cli_release(&cli);
	/* What could not be written was not done. */
	if (fflush(stdout) || ferror(stdout)) {
		fputs("lkm: cannot write the output\n", stderr);
		rc = rc ? rc : CLI_FAILED;
	}
	return rc;
}
