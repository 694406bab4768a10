// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm, under whatever name it was called.
#include "cli/cli.h"

#include <string.h>

#include "cli/compat/compat.h"
#include "cli/guest.h"
#include "cli/json.h"

#ifndef LKM_VERSION
#define LKM_VERSION "unknown"
#endif

int cli_apply_common(struct cli *cli)
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
	if (cli->verb->flags & VERB_ON) {
		if (!cli_choose_kernel(cli))
			return cli_usage(cli, "the kernel to act on is 'live', "
					      "'hosted' or 'vm'");
	} else if (cli->on && strcmp(cli->on, "live")) {
		return cli_usage(cli, "'%s' acts on no kernel: no --on",
				 cli->verb->name);
	}
	cli_adopt_only_release(cli);
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
	int first, found, rc;

	rc = options_parse(cli, tables, cli->verb->flags & VERB_STOP_AT_ARGS,
			   argc, argv, &first);
	if (rc)
		return rc;
	if (cli_has(cli, "help")) {
		help_verb(stdout, cli->verb);
		return CLI_DONE;
	}
	rc = cli_apply_common(cli);
	if (rc)
		return rc;
	if (cli->on_vm)
		return guest_run(cli, argc - first, argv + first);
	rc = cli->verb->run(cli, argc - first, argv + first);
	cli_tree_warnings(cli);
	found = cli_findings(cli);
	return rc ? rc : found;
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

static int compat_main(struct cli *cli, const struct compat *compat, int argc,
		       char **argv)
{
	int rc;

	/* Never another kernel than the one that was meant. */
	if (!cli_choose_kernel(cli) || cli->on_vm)
		return cli_usage(cli, "LKM_ON is 'live' or 'hosted'");
	rc = compat->run(cli, argc, argv);
	return rc ? rc : cli_findings(cli);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	const struct compat *compat;
	int rc;

	compat = argc ? compat_find(argv[0]) : NULL;
	rc = compat ? compat_main(&cli, compat, argc, argv) :
		      lkm_main(&cli, argc, argv);
	cli_release(&cli);
	/* What could not be written was not done. */
	if (fflush(stdout) || ferror(stdout)) {
		fputs("lkm: cannot write the output\n", stderr);
		rc = rc ? rc : CLI_FAILED;
	}
	return rc;
}
