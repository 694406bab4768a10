// SPDX-License-Identifier: LGPL-2.1-or-later
// One kernel's modules on disk: looked up, and indexed.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum lkm_tree_flags - for lkm_tree_open() */
enum lkm_tree_flags {
	LKM_TREE_SCAN = 1,     /**< ignore the index files: read the modules */
	LKM_TREE_NO_CACHE = 2, /**< neither read nor write lkm's cache */
	LKM_TREE_NO_SCAN =
		4, /**< fail rather than scan where there is no index */
	LKM_TREE_EMPTY = 8, /**< no such directory: a tree without modules;
			       with NO_SCAN: no index either */
};

/**
 * struct lkm_tree_options - zero this, then set @size
 * @size: sizeof(struct lkm_tree_options)
 * @root: NULL: this machine's
 * @release: NULL: that of the running kernel
 * @dir: parent of the releases, NULL: "/lib/modules"
 * @layers: further module directories (below the root, each with kernel/,
 *	updates/, ... of this release) laid over the base, last one on top;
 *	none needs index files
 * @layer_count: entries of @layers
 * @flags: &enum lkm_tree_flags
 */
struct lkm_tree_options {
	size_t size;
	const char *root;
	const char *release;
	const char *dir;
	const char *const *layers;
	size_t layer_count;
	unsigned int flags;
};

/**
 * DOC: trees
 *
 * Lookups answer from the .bin index files where the tree has them, whole and
 * not older than a killed indexer's leftovers; else from the text files, else
 * from a scan of the modules.  Answers belong to the tree and live until
 * lkm_tree_free().  Lookups return 1 when found, 0 when not, or a negative
 * &enum lkm_code.  Names may have '-' or '_'.
 */
struct lkm_tree;

/**
 * struct lkm_dep - a module that another needs
 * @path: relative to lkm_tree_dir(), or absolute (below the root)
 */
struct lkm_dep {
	const char *name;
	const char *path;
};

/**
 * struct lkm_module_file - a module of the tree
 * @path: relative to lkm_tree_dir(), or absolute (below the root)
 * @deps: all it needs, directly or not, in the order of modules.dep: a module
 *	stands before those that it needs itself, so load them from the last
 */
struct lkm_module_file {
	const char *name;
	const char *path;
	const struct lkm_dep *deps;
	size_t dep_count;
};

int lkm_tree_open(const struct lkm_tree_options *options, struct lkm_tree **ret,
		  struct lkm_error **reterr);
void lkm_tree_free(struct lkm_tree *tree);
/** lkm_tree_dir() - "/lib/modules/RELEASE", below the root */
const char *lkm_tree_dir(const struct lkm_tree *tree);
const char *lkm_tree_release(const struct lkm_tree *tree);
/**
 * lkm_tree_source() - "index", "text" or "scan": where answers come from;
 * "none": LKM_TREE_EMPTY, and there is no such directory
 */
const char *lkm_tree_source(const struct lkm_tree *tree);
/** lkm_tree_file_path() - openable path (root included) of a module path;
 * free() */
char *lkm_tree_file_path(const struct lkm_tree *tree, const char *path);
/**
 * lkm_tree_warning() - what lookups had to work around, as an error value
 *
 * For example a damaged index file that was replaced by its text twin.
 * Borrowed; NULL: no more.
 */
const struct lkm_error *lkm_tree_warning(const struct lkm_tree *tree, size_t i);

/** lkm_tree_module() - module @name */
int lkm_tree_module(struct lkm_tree *tree, const char *name,
		    const struct lkm_module_file **ret,
		    struct lkm_error **reterr);
/**
 * lkm_tree_alias() - modules whose alias patterns match @modalias
 * @ret_names: module names, in order of their indexes; a module of which two
 *	patterns match stands there twice, as in kmod (`modprobe -R`)
 */
int lkm_tree_alias(struct lkm_tree *tree, const char *modalias,
		   const char *const **ret_names, size_t *ret_count,
		   struct lkm_error **reterr);
/** lkm_tree_symbol() - modules that export @symbol (without "symbol:") */
int lkm_tree_symbol(struct lkm_tree *tree, const char *symbol,
		    const char *const **ret_names, size_t *ret_count,
		    struct lkm_error **reterr);
/** lkm_tree_builtin() - is @name in modules.builtin? */
int lkm_tree_builtin(struct lkm_tree *tree, const char *name,
		     struct lkm_error **reterr);
/** lkm_tree_builtin_alias() - as lkm_tree_alias(), of built-in modules */
int lkm_tree_builtin_alias(struct lkm_tree *tree, const char *modalias,
			   const char *const **ret_names, size_t *ret_count,
			   struct lkm_error **reterr);

/** struct lkm_builtin_info - one "key=value" of a built-in module */
struct lkm_builtin_info {
	const char *key;
	const char *value;
};

/** lkm_tree_builtin_info() - modules.builtin.modinfo entries of @name */
int lkm_tree_builtin_info(struct lkm_tree *tree, const char *name,
			  const struct lkm_builtin_info **ret,
			  size_t *ret_count, struct lkm_error **reterr);
/**
 * lkm_tree_softdeps() - softdep and weakdep lines that no index file has
 * @ret: lines as in modules.softdep and modules.weakdep, of the modules that
 *	were read because there is no index, and of layers; "" where the files
 *	have them all
 *
 * For &struct lkm_policy_options.module_lines.
 */
int lkm_tree_softdeps(struct lkm_tree *tree, const char **ret,
		      struct lkm_error **reterr);
/** lkm_tree_modules() - all modules, in the order of modules.dep */
int lkm_tree_modules(struct lkm_tree *tree, const struct lkm_module_file **ret,
		     size_t *ret_count, struct lkm_error **reterr);

/** enum lkm_index_kind - the five .bin files */
enum lkm_index_kind {
	LKM_INDEX_DEP,
	LKM_INDEX_ALIAS,
	LKM_INDEX_SYMBOLS,
	LKM_INDEX_BUILTIN,
	LKM_INDEX_BUILTIN_ALIAS,
};

/** lkm_index_fn - called for each entry; non-zero stops and is returned */
typedef int (*lkm_index_fn)(void *ctx, const char *key, const char *value);

/** lkm_tree_dump() - every entry of an index, sorted by key as in the file */
int lkm_tree_dump(struct lkm_tree *tree, enum lkm_index_kind kind,
		  lkm_index_fn fn, void *ctx, struct lkm_error **reterr);

/** enum lkm_index_flags - for lkm_index_write() */
enum lkm_index_flags {
	LKM_INDEX_NO_CACHE = 1, /**< read every module, keep nothing */
	LKM_INDEX_DRY_RUN = 2,	/**< do everything but write */
	LKM_INDEX_QUICK = 4,	/**< nothing changed since: do nothing */
};

/**
 * struct lkm_index_options - zero this, then set @size
 * @size: sizeof(struct lkm_index_options)
 * @root: NULL: this machine's
 * @release: NULL: that of the running kernel
 * @dir: parent of the releases, NULL: "/lib/modules"
 * @output_dir: parent of RELEASE/modules.* that are written, NULL: @dir
 * @config_paths: instead of the root's depmod.d directories
 * @config_count: entries of @config_paths
 * @flags: &enum lkm_index_flags
 * @threads: 0: as many as there are processors
 * @files: index these modules only: absolute paths, below the root
 * @file_count: entries of @files; 0: all modules of the tree
 * @output: gets the content of each index file, also in a dry run; may be NULL
 * @output_ctx: for it
 * @progress: called now and then, from one thread; may be NULL
 */
struct lkm_index_options {
	size_t size;
	const char *root;
	const char *release;
	const char *dir;
	const char *output_dir;
	const char *const *config_paths;
	size_t config_count;
	unsigned int flags;
	unsigned int threads;
	void (*progress)(void *ctx, size_t done, size_t total);
	void *progress_ctx;
	const char *const *files;
	size_t file_count;
	void (*output)(void *ctx, const char *name, const char *bytes,
		       size_t size);
	void *output_ctx;
};

/** struct lkm_index_report - what an index run did */
struct lkm_index_report {
	size_t modules;	      /**< in the tree, duplicates resolved */
	size_t read;	      /**< files parsed in this run */
	size_t cached;	      /**< answered by the cache */
	size_t files_changed; /**< index files that got new content */
	size_t warning_count;
	struct lkm_error **warnings; /**< modules left out and why, ... */
};

/**
 * lkm_index_write() - write all modules.* index files of a tree
 * @ret: what was done; free with lkm_index_report_free(); may be NULL
 *
 * Needs write access to the directory, which is locked against other indexers
 * from before the modules are looked at.  All files are written and synced
 * before the first is renamed; on failure the old set stays, and a set that a
 * killed run left half renamed is put in order first.
 *
 * What was read of the modules is kept in a cache of this user's alone: in
 * /var/cache/lkm (root), $XDG_CACHE_HOME/lkm or ~/.cache/lkm; $LKM_CACHE_DIR
 * replaces these.  Where neither modules nor index files changed since the last
 * run nothing is written; LKM_INDEX_QUICK lets the times of the files decide
 * that where there is no cache.
 *
 * Return: 0; tree.cycle, tree.limit, tree.release, tree.notfound*,
 * tree.builtin.limit, policy.limit, sys.failed, sys.memory.  What is wrong with
 * one module or one line of depmod.d is a warning of the report: image.*,
 * tree.alias, tree.config, tree.duplicate, tree.name, tree.order, sys.failed
 */
int lkm_index_write(const struct lkm_index_options *options,
		    struct lkm_index_report **ret, struct lkm_error **reterr);
void lkm_index_report_free(struct lkm_index_report *report);

#ifdef __cplusplus
}
#endif
