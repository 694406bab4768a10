// SPDX-License-Identifier: LGPL-2.1-or-later
// The historic names that the program answers to.
#pragma once

struct cli;

struct compat {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv); /* exit status */
};

/* By the last part of @path, or NULL. */
const struct compat *compat_find(const char *path);

int compat_modinfo(struct cli *cli, int argc, char **argv);
int compat_modprobe(struct cli *cli, int argc, char **argv);
