// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of lkm host.
#pragma once

#include "cli/cli.h"

struct host_command {
	const char *name;
	int least, most; /* arguments */
	bool stop;	 /* options end at the first argument */
	/* exit status; NULL: the verb log */
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* verb-host-exec.c */
int host_verb_exec(struct cli *cli, int argc, char **argv);

/* verb-host-gdb.c */
int host_verb_gdb(struct cli *cli, int argc, char **argv);

/* verb-host-file.c */
int host_verb_cat(struct cli *cli, int argc, char **argv);
int host_verb_write(struct cli *cli, int argc, char **argv);
int host_verb_ls(struct cli *cli, int argc, char **argv);
