// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm host exec: an ordinary program before the hosted kernel.
#include <string.h>
#include <sys/wait.h>

#include "cli/verb-host.h"

/* As a shell has them */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

static int not_run(struct cli *cli, struct lkm_error *e)
{
	int status = CLI_FAILED;

	if (!strcmp(lkm_error_id(e), "host.exec.program"))
		status = lkm_error_errno(e) == ENOENT ? NOT_FOUND :
							NOT_EXECUTABLE;
	cli_fail(cli, e);
	return status;
}

int host_verb_exec(struct cli *cli, int argc, char **argv)
{
	struct lkm_host_status after;
	struct lkm_error *e = NULL;
	struct lkm_host *host;
	int status;

	if (cli_host(cli, &host, &e) < 0)
		return cli_fail(cli, e);
	if (cli->dry_run)
		return CLI_DONE;
	if (lkm_host_exec(host, (const char *const *)argv, &status, &e) < 0)
		return not_run(cli, e);
	/* What was found while the program ran comes with any answer. */
	if (lkm_host_status(host, &after, &e) < 0)
		return cli_fail(cli, e);
	return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
