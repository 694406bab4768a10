// SPDX-License-Identifier: LGPL-2.1-or-later
// All modules of a tree, and all entries of an index.
#include <string.h>

#include "diag/error.h"
#include "tree/tree-impl.h"

struct collector {
	VEC(struct index_hit) hits;
	bool failed;
};

static int collect(void *ctx, const char *key, const struct index_hit *hit)
{
	struct collector *c = ctx;

	(void)key;
	c->failed = !vec_push(&c->hits, *hit);
	return c->failed;
}

/* A module's priority is its place in modules.dep. */
static int by_priority(const void *a, const void *b)
{
	const struct index_hit *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->value, y->value);
}

static int modules_parse(struct lkm_tree *tree, struct collector *c)
{
	struct lkm_module_file *list;

	if (c->hits.len)
		qsort(c->hits.data, c->hits.len, sizeof(*c->hits.data),
		      by_priority);
	list = arena_zalloc(&tree->arena, (c->hits.len + 1) * sizeof(*list));
	if (!list)
		return -LKM_ENOMEM;
	for (size_t i = 0; i < c->hits.len; i++) {
		int rc = tree_module_parse(tree, c->hits.data[i].value,
					   &list[i]);

		if (rc < 0)
			return rc;
	}
	tree->list = list;
	tree->list_count = c->hits.len;
	return 0;
}

static int modules_collect(struct lkm_tree *tree, struct index_file *ix)
{
	struct collector c = { 0 };
	int stop = 0, rc;

	rc = index_each(ix, collect, &c, &stop);
	if (!rc && c.failed)
		rc = -LKM_ENOMEM;
	if (!rc)
		rc = modules_parse(tree, &c);
	vec_release(&c.hits);
	return rc;
}

int lkm_tree_modules(struct lkm_tree *tree, const struct lkm_module_file **ret,
		     size_t *ret_count, struct lkm_error **reterr)
{
	while (!tree->list) {
		struct index_file *ix;
		int rc = tree_index_get(tree, LKM_INDEX_DEP, &ix, reterr);

		if (rc < 0)
			return rc;
		rc = modules_collect(tree, ix);
		if (rc < 0)
			rc = tree_index_failed(tree, LKM_INDEX_DEP, rc, reterr);
		if (rc < 0)
			return rc;
	}
	*ret = tree->list;
	*ret_count = tree->list_count;
	return 1;
}

struct dumper {
	lkm_index_fn fn;
	void *ctx;
};

static int dump_one(void *ctx, const char *key, const struct index_hit *hit)
{
	struct dumper *d = ctx;

	return d->fn(d->ctx, key, hit->value);
}

static int dump_nothing(void *ctx, const char *key, const struct index_hit *hit)
{
	(void)ctx;
	(void)key;
	(void)hit;
	return 0;
}

int lkm_tree_dump(struct lkm_tree *tree, enum lkm_index_kind kind,
		  lkm_index_fn fn, void *ctx, struct lkm_error **reterr)
{
	struct dumper d = { fn, ctx };
	struct index_file *ix;
	int stop, rc;

	if ((unsigned int)kind >= TREE_INDEX_KINDS)
		return 0;
	/* First to its end in silence: what was printed can't be taken back. */
	do {
		rc = tree_index_get(tree, kind, &ix, reterr);
		if (rc < 0)
			return rc;
		rc = index_each(ix, dump_nothing, NULL, &stop);
		if (!rc)
			break;
		rc = tree_index_failed(tree, kind, rc, reterr);
	} while (!rc);
	if (rc < 0)
		return rc;
	stop = 0;
	rc = index_each(ix, dump_one, &d, &stop);
	return rc < 0 ? tree_index_failed(tree, kind, rc, reterr) : stop;
}
