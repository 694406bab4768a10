// SPDX-License-Identifier: LGPL-2.1-or-later
// A module that is asked for by its file: its name, and what it needs.
#include "plan/plan.h"

#include <string.h>

#include <lkm/image.h>

#include "base/text.h"
#include "diag/error.h"

struct wanted {
	struct map seen; /* names in @nodes */
	VEC(struct plan_node *) nodes;
};

static int wanted_add(struct resolver *rs, struct wanted *w,
		      struct plan_node *n)
{
	if (map_get(&w->seen, n->name))
		return 0;
	if (!map_set(&w->seen, n->name, n) || !vec_push(&w->nodes, n))
		return error_nomem(rs->reterr);
	return 0;
}

/* The module that exports @symbol, behind what it needs itself. */
static int wanted_symbol(struct resolver *rs, struct wanted *w,
			 const struct plan_node *self, const char *symbol)
{
	const char *const *names;
	struct plan_node *n;
	size_t count;
	int rc = lkm_tree_symbol(rs->in->tree, symbol, &names, &count,
				 rs->reterr);

	/* Unknown symbols are the kernel's own, or the kernel will say so. */
	if (rc <= 0)
		return rc;
	n = resolver_node(rs, names[0], NULL);
	if (!n)
		return error_nomem(rs->reterr);
	if (n == self || map_get(&w->seen, n->name))
		return 0;
	rc = node_load_file(rs, n);
	for (size_t i = 0; rc == 0 && i < n->deps.count; i++)
		rc = wanted_add(rs, w, n->deps.nodes[i]);
	return rc < 0 ? rc : wanted_add(rs, w, n);
}

static int deps_by_symbols(struct resolver *rs, struct plan_node *n,
			   struct lkm_image *image)
{
	const struct lkm_need *needs;
	struct wanted w = { 0 };
	size_t count;
	int rc = lkm_image_needs(image, &needs, &count, rs->reterr);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = wanted_symbol(rs, &w, n, needs[i].name);
	if (rc == 0 && w.nodes.len) {
		n->deps.nodes = arena_memdup(&rs->plan->arena, w.nodes.data,
					     w.nodes.len *
						     sizeof(*w.nodes.data));
		n->deps.count = w.nodes.len;
		if (!n->deps.nodes)
			rc = error_nomem(rs->reterr);
	}
	map_release(&w.seen);
	vec_release(&w.nodes);
	return rc;
}

static int node_of_image(struct resolver *rs, struct lkm_image *image,
			 struct plan_node **ret)
{
	char name[PLAN_MAX_NAME];
	struct plan_node *n;
	int rc;

	if (!module_name_of(lkm_image_name(image), name, sizeof(name)))
		return FAIL(rs->reterr, PLAN_NOTFOUND,
			    KV_STR("name", rs->req->name),
			    KV_STR("dir", lkm_tree_dir(rs->in->tree)));
	n = resolver_node(rs, name, NULL);
	if (!n)
		return error_nomem(rs->reterr);
	rc = node_load_file(rs, n);
	if (rc < 0)
		return rc;
	/* Dialect rule file-symbols: kmod loads a stranger all alone. */
	if (!n->rel && !rs->kmod)
		rc = deps_by_symbols(rs, n, image);
	if (rc < 0)
		return rc;
	n->is_file = true;
	n->path = arena_strdup(&rs->plan->arena, rs->req->name);
	if (!n->path)
		return error_nomem(rs->reterr);
	*ret = n;
	return 0;
}

static bool forbids_anything(const struct resolver *rs)
{
	for (size_t i = 0; i < rs->rule_count; i++)
		if (rs->rules[i].kind == LKM_RULE_FORBID)
			return true;
	return false;
}

int resolver_forbidden_inside(struct resolver *rs, const struct plan_node *n,
			      struct plan_node **ret)
{
	struct arena *a = &rs->plan->arena;
	struct lkm_error *e = NULL;
	struct lkm_image *image;
	char name[PLAN_MAX_NAME];
	bool is = false;

	*ret = NULL;
	if (!forbids_anything(rs))
		return 0;
	/* Whoever loads it says what is wrong with it. */
	if (lkm_image_open(n->path, &image, &e) < 0) {
		lkm_error_free(e);
		return 0;
	}
	if (module_name_of(lkm_image_name(image), name, sizeof(name)))
		is = strcmp(name, n->name) != 0 &&
		     lkm_policy_forbids(rs->in->policy, name);
	lkm_image_free(image);
	if (!is)
		return 0;
	*ret = arena_zalloc(a, sizeof(**ret));
	if (!*ret || !((*ret)->name = arena_strdup(a, name)))
		return error_nomem(rs->reterr);
	(*ret)->required = n->required;
	return 0;
}

int resolver_exact(struct resolver *rs, struct node_list *ret)
{
	const struct lkm_plan_request *req = rs->req;
	struct arena *a = &rs->plan->arena;
	struct plan_node *n = resolver_node(rs, req->name, req->alias);

	if (!n)
		return error_nomem(rs->reterr);
	n->is_file = req->path;
	n->path = req->path ? arena_strdup(a, req->path) : NULL;
	ret->nodes = arena_memdup(a, &n, sizeof(n));
	ret->count = 1;
	if (!ret->nodes || (req->path && !n->path))
		return error_nomem(rs->reterr);
	rs->plan->via = "name";
	return 1;
}

int resolver_file(struct resolver *rs, struct node_list *ret)
{
	struct lkm_image *image;
	struct plan_node **nodes;
	struct plan_node *n = NULL;
	int rc = lkm_image_open(rs->req->name, &image, rs->reterr);

	if (rc < 0)
		return rc;
	rc = node_of_image(rs, image, &n);
	lkm_image_free(image);
	if (rc < 0)
		return rc;
	nodes = arena_memdup(&rs->plan->arena, &n, sizeof(n));
	if (!nodes)
		return error_nomem(rs->reterr);
	*ret = (struct node_list){ nodes, 1 };
	rs->plan->via = "file";
	return 1;
}
