// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm host gdb: a debugger for the hosted kernel that runs.
#include <sys/wait.h>

#include "cli/gdb.h"
#include "cli/verb-host.h"

int host_verb_gdb(struct cli *cli, int argc, char **argv)
{
	struct lkm_host_status after;
	struct lkm_error *e = NULL;
	struct lkm_host *host;
	struct gdb gdb;
	int status;

	(void)argc;
	if (cli_host(cli, &host, &e) < 0)
		return cli_fail(cli, e);
	if (cli->dry_run)
		return CLI_DONE;
	if (gdb_start(cli, (const char *const *)argv, &gdb, &e) < 0)
		return cli_fail(cli, e);
	status = gdb_wait(&gdb);
	/* gdb's user may have ended it. */
	if (lkm_host_status(host, &after, &e) < 0)
		return cli_fail(cli, e);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
