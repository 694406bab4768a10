// SPDX-License-Identifier: LGPL-2.1-or-later
// Who needs whom: symbols joined, modules sorted, needs followed.
#pragma once

#include "tree/graph.h"
#include "tree/names.h"

/*
 * Fill in the symbols of @graph and the direct needs of its modules (in the
 * order of their symbol tables) from the facts of each module.  Strings are
 * borrowed from the facts' names.  0 or sys.memory.
 */
int resolve_symbols(struct graph *graph, const struct facts *facts,
		    struct lkm_error **reterr);
/*
 * Bring needs into the order of modules.dep and follow them.  0, tree.cycle,
 * sys.memory.
 */
int resolve_deps(struct graph *graph, struct lkm_error **reterr);
