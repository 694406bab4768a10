// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of the indexer.
#pragma once

#include <lkm/tree.h>

#include "base/fileset.h"
#include "base/root.h"
#include "tree/builtin.h"
#include "tree/cache.h"
#include "tree/graph.h"

/* Numbers that are kept: of what went in, and of what came out, and when. */
enum stamp {
	STAMP_TREE,
	STAMP_INPUT,
	STAMP_CONTENT, /* of the index files */
	STAMP_FILES,   /* their identities */
	STAMP_TIME,    /* when these were looked at */
	STAMPS
};

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
	char *builtin_text;
	size_t builtin_text_size;
	struct builtin builtin; /* of the latter */
	uint64_t input_hash;	/* of these, and modules.order */
	struct cache_place place;
	struct graph graph;
	size_t changed;
	uint64_t content_hash;	/* of all that was written */
	uint64_t known[STAMPS]; /* of the last run */
};

#define INDEX_FILE_MODE 0644

/* The content_hash of a set that goes on with these bytes; starts with 1. */
uint64_t index_content_add(uint64_t hash, const void *bytes, size_t size);

/* Make the files from run->graph and the inputs, and replace them. */
int index_write_set(struct index_run *run);

/* The name of file @i of the set; NULL: no more. */
const char *index_output_name(size_t i);
