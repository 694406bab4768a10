// SPDX-License-Identifier: LGPL-2.1-or-later
// Opening the module tree of one kernel.
#include "tree/tree-impl.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/fileset.h"
#include "base/strbuf.h"
#include "diag/error.h"
#include "tree/graph.h"

#define TREE_RELEASES_MAX 256

char *tree_path(const struct lkm_tree *tree, const char *name)
{
	struct strbuf b = { 0 };

	strbuf_addf(&b, "%s/%s", tree->dir, name);
	return strbuf_take(&b);
}

void tree_warn(struct lkm_tree *tree, struct lkm_error *e)
{
	if (e && !vec_push(&tree->warnings, e))
		lkm_error_free(e);
}

const char *lkm_tree_dir(const struct lkm_tree *tree)
{
	return tree->dir;
}

const char *lkm_tree_release(const struct lkm_tree *tree)
{
	return tree->release;
}

const char *lkm_tree_source(const struct lkm_tree *tree)
{
	return tree->source;
}

char *lkm_tree_file_path(const struct lkm_tree *tree, const char *path)
{
	_cleanup_free_ char *below = NULL;

	if (*path == '/')
		return root_name(&tree->root, path);
	below = tree_path(tree, path);
	return below ? root_name(&tree->root, below) : NULL;
}

const struct lkm_error *lkm_tree_warning(const struct lkm_tree *tree, size_t i)
{
	if (i < tree->warnings.len)
		return tree->warnings.data[i];
	return tree->base ?
		       lkm_tree_warning(tree->base, i - tree->warnings.len) :
		       NULL;
}

void lkm_tree_free(struct lkm_tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < TREE_INDEX_KINDS; i++) {
		if (tree->indexes[i].ready)
			index_close(&tree->indexes[i].file);
	}
	for (size_t i = 0; i < tree->retired.len; i++)
		index_close(&tree->retired.data[i]);
	for (size_t i = 0; i < tree->warnings.len; i++)
		lkm_error_free(tree->warnings.data[i]);
	vec_release(&tree->retired);
	vec_release(&tree->warnings);
	if (tree->graph)
		graph_release(tree->graph);
	free(tree->graph);
	map_release(&tree->places);
	text_release(&tree->dep_text);
	tree_forget_builtin(tree);
	index_hits_release(&tree->hits);
	map_release(&tree->modules);
	arena_release(&tree->arena);
	lkm_tree_free(tree->base);
	for (size_t i = 0; i < tree->layer_count; i++)
		free(tree->layers[i]);
	free(tree->layers);
	root_release(&tree->root);
	free(tree->dir);
	free(tree->release);
	free(tree);
}

/* The releases that @parent has, "a, b"; what else stands there too. */
static char *other_releases(const struct root *root, const char *parent)
{
	struct strbuf b = { 0 };
	char **names;
	size_t count;

	if (root_list(root, parent, TREE_RELEASES_MAX, &names, &count) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&b, "%s%s", i ? ", " : "", names[i]);
	root_free_names(names, count);
	return strbuf_take(&b);
}

/* @tree->dir is not there. */
static int tree_notfound(const struct lkm_tree *tree,
			 const struct lkm_tree_options *o,
			 struct lkm_error **reterr)
{
	const char *parent = o->dir ? o->dir : "/lib/modules";
	_cleanup_free_ char *others = other_releases(&tree->root, parent);
	struct utsname u;

	if (!others || !*others)
		return FAIL(reterr, TREE_NOTFOUND_ALL, KV_STR("dir", tree->dir),
			    KV_STR("parent", parent),
			    KV_STR("release", tree->release));
	if (root_is_host(&tree->root) && uname(&u) == 0 &&
	    !strcmp(u.release, tree->release))
		return FAIL(reterr, TREE_NOTFOUND_RUNNING,
			    KV_STR("dir", tree->dir), KV_STR("parent", parent),
			    KV_STR("release", tree->release),
			    KV_STR("others", others));
	return FAIL(reterr, TREE_NOTFOUND, KV_STR("dir", tree->dir),
		    KV_STR("parent", parent), KV_STR("release", tree->release),
		    KV_STR("others", others));
}

static int tree_set_names(struct lkm_tree *tree,
			  const struct lkm_tree_options *o)
{
	struct strbuf b = { 0 };
	struct utsname u;

	if (o->release)
		tree->release = strdup(o->release);
	else if (uname(&u) == 0)
		tree->release = strdup(u.release);
	if (!tree->release)
		return -LKM_ENOMEM;
	strbuf_addf(&b, "%s/%s", o->dir ? o->dir : "/lib/modules",
		    tree->release);
	tree->dir = strbuf_take(&b);
	return tree->dir ? 0 : -LKM_ENOMEM;
}

static bool tree_has(const struct lkm_tree *tree, const char *name, int flags)
{
	_cleanup_free_ char *path = tree_path(tree, name);
	_cleanup_close_ int fd = -1;

	if (path)
		fd = root_openat(&tree->root, path, flags);
	return fd >= 0;
}

/* What lookups will start with.  Nothing is read yet. */
static int tree_choose_source(struct lkm_tree *tree,
			      const struct lkm_tree_options *o,
			      struct lkm_error **reterr)
{
	const unsigned int empty = LKM_TREE_EMPTY | LKM_TREE_NO_SCAN;
	struct lkm_error *warning = NULL;
	bool is_there;

	tree->torn = fileset_is_torn(&tree->root, tree->dir);
	if (tree->torn) {
		(void)FAIL(&warning, TREE_INDEX_TORN, KV_STR("dir", tree->dir));
		tree_warn(tree, warning);
	}
	tree->source = "scan";
	if (!tree->torn && !(tree->flags & LKM_TREE_SCAN)) {
		int rc = tree_open_bin(tree, LKM_INDEX_DEP);

		if (rc < 0)
			return error_nomem(reterr);
		if (rc)
			tree->source = "index";
		else if (tree_has(tree, "modules.dep", O_RDONLY))
			tree->source = "text";
	}
	if (strcmp(tree->source, "scan") != 0)
		return 0;
	is_there = tree_has(tree, "", O_PATH | O_DIRECTORY);
	if (!is_there && !(tree->flags & LKM_TREE_EMPTY))
		return tree_notfound(tree, o, reterr);
	if (!is_there || (!tree->torn && (tree->flags & empty) == empty)) {
		/* What a scan of nothing would have given. */
		tree->graph = calloc(1, sizeof(*tree->graph));
		tree->source = "none";
		return tree->graph ? 0 : error_nomem(reterr);
	}
	if (tree->flags & LKM_TREE_NO_SCAN && !tree->torn)
		return FAIL(reterr, TREE_INDEX_MISSING,
			    KV_STR("dir", tree->dir));
	return 0;
}

static int tree_copy_layers(struct lkm_tree *tree,
			    const struct lkm_tree_options *o)
{
	if (!o->layer_count)
		return 0;
	tree->layers = calloc(o->layer_count, sizeof(*tree->layers));
	if (!tree->layers)
		return -LKM_ENOMEM;
	for (; tree->layer_count < o->layer_count; tree->layer_count++) {
		char *copy = strdup(o->layers[tree->layer_count]);

		if (!copy)
			return -LKM_ENOMEM;
		tree->layers[tree->layer_count] = copy;
	}
	return 0;
}

/* With layers: the tree below, unless all modules are to be read anyway. */
static int tree_open_base(struct lkm_tree *tree,
			  const struct lkm_tree_options *o,
			  struct lkm_error **reterr)
{
	struct lkm_tree_options below = *o;
	int rc;

	below.layers = NULL;
	below.layer_count = 0;
	rc = lkm_tree_open(&below, &tree->base, reterr);
	if (rc < 0)
		return rc;
	tree->torn = tree->base->torn;
	tree->source = tree->base->source;
	if (strcmp(tree->source, "scan") != 0)
		return 0;
	/* Its warnings are all that it has to say. */
	for (size_t i = 0; i < tree->base->warnings.len; i++)
		tree_warn(tree, tree->base->warnings.data[i]);
	tree->base->warnings.len = 0;
	lkm_tree_free(tree->base);
	tree->base = NULL;
	return 0;
}

static int tree_start(struct lkm_tree *tree, const struct lkm_tree_options *o,
		      struct lkm_error **reterr)
{
	int rc = root_open(&tree->root, o->root);

	if (rc < 0)
		return error_system(reterr, rc, "open", o->root);
	if (tree_set_names(tree, o) < 0 || tree_copy_layers(tree, o) < 0)
		return error_nomem(reterr);
	if (tree->layer_count)
		return tree_open_base(tree, o, reterr);
	return tree_choose_source(tree, o, reterr);
}

int lkm_tree_open(const struct lkm_tree_options *options, struct lkm_tree **ret,
		  struct lkm_error **reterr)
{
	static const struct lkm_tree_options none;
	const struct lkm_tree_options *o = options ? options : &none;
	struct lkm_tree *tree = calloc(1, sizeof(*tree));
	int rc;

	if (!tree)
		return error_nomem(reterr);
	tree->root = ROOT_HOST;
	tree->flags = o->flags;
	rc = tree_start(tree, o, reterr);
	if (rc < 0) {
		lkm_tree_free(tree);
		return rc;
	}
	*ret = tree;
	return 0;
}
