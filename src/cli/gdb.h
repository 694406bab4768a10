// SPDX-License-Identifier: LGPL-2.1-or-later
// gdb on the terminal, attached to the hosted kernel.
#pragma once

#include <signal.h>

#include "cli/cli.h"

struct gdb {
	pid_t pid; /* 0: none was started */
	struct lkm_host *host;
	struct sigaction on_interrupt; /* what it was before */
};

/* load: are --gdb and --gdb-command for this?  False: a message was printed. */
bool gdb_options_are_fine(const struct cli *cli);
bool gdb_is_wanted(const struct cli *cli);

/*
 * Start it with @arguments behind its own.  The hosted kernel shows it what it
 * has until gdb_end().  host.gdb.absent, host.gdb.failed
 */
int gdb_start(struct cli *cli, const char *const *arguments, struct gdb *ret,
	      struct lkm_error **reterr);
/* Started to stop in the init of @plan's targets; back when it is attached. */
int gdb_start_load(struct cli *cli, const struct lkm_plan *plan,
		   struct gdb *ret, struct lkm_error **reterr);
/* Wait for its end.  Status as of waitpid(2). */
int gdb_wait(struct gdb *g);
/* The load is over: end it, as soon as nothing is stopped by it. */
void gdb_end_load(struct gdb *g);
