// SPDX-License-Identifier: LGPL-2.1-or-later
// Module directories laid over an indexed tree: only their modules are read.
#pragma once

#include "tree/graph.h"
#include "tree/tree-impl.h"

/*
 * The modules of tree->base and tree->layers as one graph.  A layer's module
 * takes the place of a base module of its name; base modules that needed that
 * one are read again.  What a layer's module needs is looked for in the layers,
 * then in the base's modules.symbols.  Aliases, softdeps and weakdeps are
 * filled in for the layers' modules only.  @ret borrows from tree->base.
 */
int layers_build(struct lkm_tree *tree, struct graph *ret,
		 struct lkm_error **reterr);
