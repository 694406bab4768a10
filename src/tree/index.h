// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of the indexer.
#pragma once

#include <lkm/tree.h>

#include "base/fileset.h"
#include "base/root.h"
#include "tree/builtin.h"
#include "tree/cache.h"
#include "tree/graph.h"

struct index_run {
	const struct lkm_index_options *options;
	struct lkm_error **reterr;
	struct root root;
	char *release;
	char *dir;     /* "/lib/modules/RELEASE" */
	char *out_dir; /* where the files go: often the same */
	unsigned int threads;
	struct fileset *fileset; /* locked; NULL: a dry run */
	/* What the kernel's build left. */
	char *builtin_list;
	size_t builtin_list_size;
	struct builtin builtin;
	uint64_t input_hash; /* of both files */
	struct cache_place place;
	struct graph graph;
	size_t changed;
};

/* Make the files from run->graph and the inputs, and replace them. */
int index_write_set(struct index_run *run);

/* The name of file @i of the set; NULL: no more. */
const char *index_output_name(size_t i);
