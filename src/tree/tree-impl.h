// SPDX-License-Identifier: LGPL-2.1-or-later
// What the files that answer lookups share: struct lkm_tree.
#pragma once

#include <lkm/tree.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/root.h"
#include "base/vec.h"
#include "tree/builtin.h"
#include "tree/index-reader.h"
#include "tree/text-reader.h"

#define TREE_INDEX_KINDS 5
/* The longest name of a file; a module's name is one without its ".ko". */
#define TREE_NAME_MAX 256
#define TREE_MODULES_MAX 65536 /* the indexes' priorities are below */

/* One of the five indexes, from wherever it could be had. */
struct tree_index {
	struct index_file file;
	bool ready;
	bool from_bin;
};

struct lkm_tree {
	struct root root;
	char *dir; /* "/lib/modules/RELEASE" */
	char *release;
	unsigned int flags;
	bool torn; /* a writer was killed: the .bin files are of two sets */
	const char *source;
	struct lkm_tree *base; /* with layers over an index: the tree below */
	char **layers;
	size_t layer_count;
	struct tree_index indexes[TREE_INDEX_KINDS];
	/* Damaged files that were replaced: answers may lie in them. */
	VEC(struct index_file) retired;
	struct index_hits hits; /* of the current lookup */
	struct map modules; /* name -> struct lkm_module_file, as asked for */
	struct lkm_module_file *list; /* all, once asked for */
	size_t list_count;
	struct graph *graph;	    /* of the modules themselves, once needed */
	struct text_index dep_text; /* keeps the names in @places, */
	struct map places;	    /* each with its line in modules.dep */
	bool places_known;
	struct builtin *builtin; /* modules.builtin.modinfo, once asked for */
	struct arena arena;	 /* answers */
	VEC(struct lkm_error *) warnings;
};

/* The file name of an index, "modules.alias.bin". */
const char *tree_index_name(enum lkm_index_kind kind);
/* Absolute path below the root of @name in the tree; free(). */
char *tree_path(const struct lkm_tree *tree, const char *name);
/* Keep @e as a warning of the tree; takes it over. */
void tree_warn(struct lkm_tree *tree, struct lkm_error *e);

/* Open the .bin file of @kind.  1 opened, 0 not to be had, -LKM_ENOMEM. */
int tree_open_bin(struct lkm_tree *tree, enum lkm_index_kind kind);
/* Make the index of @kind in memory, from the text file or a scan. */
int tree_make_index(struct lkm_tree *tree, enum lkm_index_kind kind,
		    struct lkm_error **reterr);
/* The index for lookups; opened (or made) when first asked for. */
int tree_index_get(struct lkm_tree *tree, enum lkm_index_kind kind,
		   struct index_file **ret, struct lkm_error **reterr);
/*
 * A lookup in @kind failed with @rc.  0: the file was damaged and is replaced,
 * look up again; else the error.
 */
int tree_index_failed(struct lkm_tree *tree, enum lkm_index_kind kind, int rc,
		      struct lkm_error **reterr);
/*
 * The name of the module at @path as kmod and scans take it: up to the first
 * '.', with '-' as '_'.  False: there is none, or no room.
 */
bool tree_name_of_path(const char *path, char *ret, size_t size);
/* Could this be the name of a module? */
bool tree_is_name(const char *s);
/* A line of modules.dep into @ret, in the tree's arena; as index_find(). */
int tree_module_parse(struct lkm_tree *tree, const char *line,
		      struct lkm_module_file *ret);
/* modules.builtin.modinfo into tree->builtin, unless it is there already. */
int tree_load_builtin(struct lkm_tree *tree, struct lkm_error **reterr);
void tree_forget_builtin(struct lkm_tree *tree);
