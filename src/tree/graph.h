// SPDX-License-Identifier: LGPL-2.1-or-later
// The modules of a tree and what they need of each other, as one value.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lkm/error.h>

#include "base/arena.h"
#include "base/root.h"
#include "tree/scan.h"

/* Strings of one kind: the values of a modinfo key, in file order. */
struct graph_strings {
	const char *const *data;
	size_t count;
};

/*
 * A module that was chosen (of several with one name, the one with the highest
 * priority).
 */
struct graph_module {
	const char *name; /* of the file, '-' as '_' */
	const char *path; /* relative to the directory, or absolute */
	uint32_t index;	  /* place in graph.modules: priority in the indexes */
	struct graph_strings aliases;
	struct graph_strings softdeps; /* "pre: a post: b" */
	struct graph_strings weakdeps;
	/* Direct needs, in the order of modules.dep. */
	const struct graph_module **needs;
	size_t need_count;
	/* All needs, direct or not, in the order of modules.dep. */
	const struct graph_module **deps;
	size_t dep_count;
};

/* An exported symbol and the module that provides it. */
struct graph_symbol {
	const char *name;
	const struct graph_module *owner;
};

struct graph_options {
	const struct root *root;
	const char *dir;     /* "/lib/modules/RELEASE", below the root */
	const char *release; /* for depmod.d's version patterns */
	/* Further module directories (below the root), the last one on top. */
	const char *const *layers;
	size_t layer_count;
	/* Instead of the root's depmod.d directories; count 0: those. */
	const char *const *config_paths;
	size_t config_count;
	/* These absolute paths and no others; count 0: all that are found. */
	const char *const *files;
	size_t file_count;
	bool no_cache;
	/*
	 * Nothing is to be built (and 1 returned) when the tree still has this
	 * fingerprint, or when nothing in it is as new as this time (ns since
	 * 1970); 0: build.
	 */
	uint64_t known_fingerprint;
	/* Does what was made of it still hold?  Asked when it is met again. */
	bool (*known_holds)(void *ctx);
	void *known_ctx;
	int64_t known_time;
	unsigned int threads; /* 0: as many as there are processors */
	void (*progress)(void *ctx, size_t done, size_t total);
	void *progress_ctx;
};

struct graph {
	struct graph_module *modules; /* in the order of modules.dep */
	size_t count;
	struct graph_symbol *symbols; /* in the order of modules.symbols */
	size_t symbol_count;
	/* Modules left out or doubtful, and why; owned. */
	error_list warnings;
	size_t read;   /* files parsed */
	size_t cached; /* files that the cache answered for */
	/* Of the modules' paths and identities; 0: not all at rest yet. */
	uint64_t fingerprint;
	struct arena arena;
};

/*
 * Zero-initialise @ret's storage; it is written only on success.  Reads
 * modules (or the cache) and writes nothing but the cache.  What is wrong with
 * one module is a warning.
 *
 * 0; 1: as known, *@ret has only its count and warnings; tree.cycle,
 * tree.limit, sys.failed, policy.limit
 */
int graph_build(const struct graph_options *options, struct graph *ret,
		struct lkm_error **reterr);
void graph_release(struct graph *graph);

#define _cleanup_graph_ _cleanup_(graph_release)
