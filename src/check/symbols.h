// SPDX-License-Identifier: LGPL-2.1-or-later
// Can every symbol that a module takes be had, and in that version?
#pragma once

#include <lkm/image.h>
#include <lkm/tree.h>
#include <lkm/vmlinux.h>

struct symbols_inputs {
	struct lkm_vmlinux *kernel; /* whose exports count first */
	struct lkm_tree *tree;	    /* then those of its modules; NULL: none */
	struct lkm_image *image;
	const char *module; /* its name and file, for messages */
	const char *file;
};

/*
 * As the kernel resolves the symbols of @image once all modules that it needs
 * are loaded: the first one that it would refuse.  0; module.symbol.*;
 * sys.failed
 */
int symbols_check(const struct symbols_inputs *in, struct lkm_error **reterr);
