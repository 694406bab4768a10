// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parts of depmod share.
#pragma once

#include "cli/compat/tool.h"

struct depmod {
	struct tool t;
	struct target g;	/* its release is never NULL once it is open */
	const char *output;	/* -o; NULL: where the modules are */
	const char *module_dir; /* -m, below the root */
	const char *symvers;
	const char *system_map;
	char prefix; /* -P; 0: none */
	bool quick, show, unknown, duplicates;
	char *dir;  /* parent of the release, below cli->root */
	char *full; /* the module directory as kmod names it */
	char *out;  /* as @dir, of what is written; NULL: the same */
};

/* -e and -v: who needs which symbol.  An exit status. */
int depmod_check(struct depmod *d);
/* -w: what of the written aliases a module has twice. */
void depmod_twice(struct depmod *d);
