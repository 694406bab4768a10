// SPDX-License-Identifier: LGPL-2.1-or-later
// Would a kernel take this file?  What its bytes, a tree and facts can tell.
#pragma once

#include <lkm/facts.h>
#include <lkm/tree.h>
#include <lkm/trust.h>
#include <lkm/vmlinux.h>

struct lkm_image;

struct preflight_inputs {
	const char *path;
	const char *params; /* "" or NULL: none */
	const struct lkm_facts
		*facts;		     /* NULL: nothing is known of the kernel */
	struct lkm_tree *tree;	     /* that kernel's modules; NULL: none */
	struct lkm_vmlinux *kernel;  /* its image; NULL: none */
	const struct lkm_keys *keys; /* that it trusts; NULL: not known */
};

/*
 * The loader's checks in its order, as far as they can be made without it.
 * 0: nothing speaks against the file, which is no promise: lkm/check.h.
 * Else the code of module.* or kernel.lockdown with basis preflight, or
 * sys.failed.
 */
int check_file(const struct preflight_inputs *in, struct lkm_error **reterr);

/*
 * The modules of @tree that export @symbol, as "'a' or 'b'", if none of them
 * is loaded; NULL: nothing of that kind is known (or no memory).  free().
 */
char *check_exporters(struct lkm_tree *tree, const struct lkm_facts *facts,
		      const char *symbol);
/*
 * For which release the file was built, of its vermagic, worded for a kernel
 * @running that refuses it; NULL: no memory.  free()
 */
char *check_built_for(struct lkm_image *image, const char *running);
/* Is @module in module_blacklist= of the kernel's command line? */
bool check_is_blacklisted(const struct lkm_facts *facts, const char *module);
