// SPDX-License-Identifier: LGPL-2.1-or-later
// A module file, facts of a kernel, and a tree of two modules in place of
// tree/.
#pragma once

#include <lkm/facts.h>
#include <lkm/tree.h>

struct fixture {
	char dir[64];
	char file[96];	/* the module in question */
	char model[96]; /* the tree's module 'exporter', of release "6.1.0-9" */
	struct lkm_facts *facts;
	struct lkm_tree *tree; /* exports symbol "of_exporter" by 'exporter' */
};

/* Without @tree's model where @model is NULL. */
void fixture_open(struct fixture *f, const char *recipe, const char *model);
void fixture_close(struct fixture *f);
/* Mark @name as loaded (coming where @coming). */
void fixture_loaded(struct fixture *f, const char *name, bool coming);
