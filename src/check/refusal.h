// SPDX-License-Identifier: LGPL-2.1-or-later
// Why a kernel refused a module: one error from everything that is known.
#pragma once

#include <lkm/facts.h>
#include <lkm/tree.h>

struct refusal_inputs {
	/* As lkm_kernel_load() or lkm_kernel_run() gave it; taken over. */
	struct lkm_error *error;
	const struct lkm_facts *facts; /* read after the refusal; NULL: none */
	struct lkm_tree *tree; /* the modules of that kernel; NULL: none */
};

/*
 * Turn kernel.load.refused into the reason, with the former as its cause; any
 * other error is handed on as it is.
 *
 * The basis says how the reason is known: a line of the kernel's log, lkm's own
 * look at the file, or the errno alone.  Of the latter module.refused lists
 * what is possible and what could not be checked; a guess is never a verdict.
 *
 * Always returns the negative code of *@reterr.
 */
int check_refusal(const struct refusal_inputs *in, struct lkm_error **reterr);
