// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the five indexes come from: the .bin file, else what replaces it.
#include <fcntl.h>
#include <string.h>

#include "diag/error.h"
#include "tree/tree-impl.h"

const char *tree_index_name(enum lkm_index_kind kind)
{
	static const char *const names[TREE_INDEX_KINDS] = {
		[LKM_INDEX_DEP] = "modules.dep.bin",
		[LKM_INDEX_ALIAS] = "modules.alias.bin",
		[LKM_INDEX_SYMBOLS] = "modules.symbols.bin",
		[LKM_INDEX_BUILTIN] = "modules.builtin.bin",
		[LKM_INDEX_BUILTIN_ALIAS] = "modules.builtin.alias.bin",
	};

	return names[kind];
}

/* Note that the .bin file of @kind cannot be used. */
static void warn_damaged(struct lkm_tree *tree, enum lkm_index_kind kind,
			 const char *problem, uint64_t offset)
{
	_cleanup_free_ char *path = tree_path(tree, tree_index_name(kind));
	struct lkm_error *e = NULL;

	(void)FAIL(&e, TREE_INDEX_DAMAGED,
		   KV_STR("file", path ? path : tree_index_name(kind)),
		   KV_STR("problem", problem), KV_NUM("offset", offset));
	tree_warn(tree, e);
}

/*
 * An empty file says that nothing is built in, or was cut off; the text knows.
 * Of the other kinds no indexer writes one.
 */
static int reject_empty(struct lkm_tree *tree, enum lkm_index_kind kind)
{
	if (kind != LKM_INDEX_BUILTIN && kind != LKM_INDEX_BUILTIN_ALIAS)
		warn_damaged(tree, kind, "is empty", 0);
	return 0;
}

int tree_open_bin(struct lkm_tree *tree, enum lkm_index_kind kind)
{
	struct tree_index *index = &tree->indexes[kind];
	_cleanup_free_ char *path = tree_path(tree, tree_index_name(kind));
	int fd, rc;

	if (!path)
		return -LKM_ENOMEM;
	fd = root_openat(&tree->root, path, O_RDONLY | O_NONBLOCK);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		warn_damaged(tree, kind, strerrordesc_np(-fd), 0);
		return 0;
	}
	rc = index_open_fd(&index->file, fd);
	if (!rc && !index->file.source.size) {
		index_close(&index->file);
		return reject_empty(tree, kind);
	}
	if (!rc) {
		index->ready = true;
		index->from_bin = true;
		return 1;
	}
	if (rc == -LKM_EFORMAT)
		warn_damaged(tree, kind, index->file.problem,
			     index->file.offset);
	index_close(&index->file);
	return rc == -LKM_EFORMAT ? 0 : rc;
}

/* With layers the tree's own files say only what is built in. */
static bool tree_may_use_bin(const struct lkm_tree *tree,
			     enum lkm_index_kind kind)
{
	if (tree->torn || tree->flags & LKM_TREE_SCAN ||
	    strcmp(tree->source, "index") != 0)
		return false;
	return !tree->layer_count || kind == LKM_INDEX_BUILTIN ||
	       kind == LKM_INDEX_BUILTIN_ALIAS;
}

int tree_index_get(struct lkm_tree *tree, enum lkm_index_kind kind,
		   struct index_file **ret, struct lkm_error **reterr)
{
	struct tree_index *index = &tree->indexes[kind];
	int rc = 0;

	if (!index->ready && tree_may_use_bin(tree, kind))
		rc = tree_open_bin(tree, kind);
	if (rc < 0)
		return error_nomem(reterr);
	if (!index->ready) {
		rc = tree_make_index(tree, kind, reterr);
		if (rc < 0)
			return rc;
	}
	*ret = &index->file;
	return 0;
}

int tree_index_failed(struct lkm_tree *tree, enum lkm_index_kind kind, int rc,
		      struct lkm_error **reterr)
{
	struct tree_index *index = &tree->indexes[kind];
	bool from_bin = index->from_bin;

	if (rc == -LKM_ENOMEM)
		return error_nomem(reterr);
	if (from_bin)
		warn_damaged(tree, kind, index->file.problem,
			     index->file.offset);
	/* Answers given so far may point into it. */
	if (!vec_push(&tree->retired, index->file))
		return error_nomem(reterr);
	index->ready = false;
	index->from_bin = false;
	if (!from_bin)
		return FAIL(reterr, TREE_INDEX_UNUSABLE,
			    KV_STR("dir", tree->dir),
			    KV_STR("problem", index->file.problem));
	return tree_make_index(tree, kind, reterr);
}
