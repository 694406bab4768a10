// SPDX-License-Identifier: LGPL-2.1-or-later
// The historic names that the program answers to.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/cli.h"

/* What a tool's arguments are, for completion. */
enum compat_words {
	COMPAT_NOTHING,
	COMPAT_FILES,
	COMPAT_MODULES, /* of the kernel's tree, and files */
	COMPAT_LOADED,
	COMPAT_RELEASES,
	COMPAT_COMMANDS,
};

struct compat {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv); /* exit status */
	const struct option_spec *options;
	enum compat_words words;
	const char *args; /* as in the usage line */
	const char *summary;
	const char *detail; /* paragraphs of the man page, in scdoc's form */
};

/* compat-help.c: the source of a tool's man page; false: no such tool. */
bool compat_man(const char *name);
/* compat-complete.c: completion of all of them. */
void compat_complete_bash(void);
void compat_complete_fish(void);
void compat_complete_zsh(void);

extern const struct option_spec depmod_options[];
extern const struct option_spec insmod_options[];
extern const struct option_spec kmod_options[];
extern const struct option_spec lsmod_options[];
extern const struct option_spec modinfo_options[];
extern const struct option_spec modprobe_options[];
extern const struct option_spec rmmod_options[];
extern const struct option_spec static_nodes_options[];

/* All of them; NULL: no more. */
const struct compat *compat_nth(size_t i);

/* By the last part of @path, or NULL. */
const struct compat *compat_find(const char *path);

int compat_depmod(struct cli *cli, int argc, char **argv);
int compat_insmod(struct cli *cli, int argc, char **argv);
int compat_kmod(struct cli *cli, int argc, char **argv);
int compat_lsmod(struct cli *cli, int argc, char **argv);
int compat_modinfo(struct cli *cli, int argc, char **argv);
int compat_modprobe(struct cli *cli, int argc, char **argv);
int compat_rmmod(struct cli *cli, int argc, char **argv);
int compat_static_nodes(struct cli *cli, int argc, char **argv);
