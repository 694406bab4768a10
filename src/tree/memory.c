// SPDX-License-Identifier: LGPL-2.1-or-later
// Indexes made in memory, where the .bin files are not to be had: from their
// text twins, or from the modules themselves.
#include <fcntl.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"
#include "tree/graph.h"
#include "tree/layers.h"
#include "tree/match.h"
#include "tree/tree-impl.h"

/* A text file that cannot be used: a warning, and the caller goes on. */
static void warn_text(struct lkm_tree *tree, const char *path,
		      const struct text_index *t)
{
	struct lkm_error *e = NULL;

	(void)FAIL(&e, TREE_TEXT_DAMAGED, KV_STR("file", path),
		   KV_STR("problem", t->problem), KV_NUM("line", t->line));
	tree_warn(tree, e);
}

static void warn_unreadable(struct lkm_tree *tree, const char *path, int err)
{
	struct lkm_error *e = NULL;

	(void)error_system(&e, err, "read", path);
	tree_warn(tree, e);
}

static int text_read(struct lkm_tree *tree, enum lkm_index_kind kind,
		     struct text_index *t, struct span text)
{
	switch (kind) {
	case LKM_INDEX_DEP: return text_read_dep(t, text);
	case LKM_INDEX_BUILTIN: return text_read_builtin(t, text);
	default: return text_read_alias(t, text, &tree->places);
	}
}

/*
 * Read the text file of @kind.  1: @t has it; 0: it is not to be had, which a
 * warning says where it is there; -LKM_ENOMEM.
 */
static int text_load(struct lkm_tree *tree, enum lkm_index_kind kind,
		     struct text_index *t)
{
	static const char *const names[TREE_INDEX_KINDS] = {
		[LKM_INDEX_DEP] = "modules.dep",
		[LKM_INDEX_ALIAS] = "modules.alias",
		[LKM_INDEX_SYMBOLS] = "modules.symbols",
		[LKM_INDEX_BUILTIN] = "modules.builtin",
	};
	_cleanup_free_ char *path = tree_path(tree, names[kind]);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int rc;

	if (!path)
		return -LKM_ENOMEM;
	rc = root_read(&tree->root, path, TEXT_SIZE_MAX, &text, &size);
	if (rc == -ENOMEM)
		return -LKM_ENOMEM;
	if (rc < 0) {
		if (rc != -ENOENT)
			warn_unreadable(tree, path, rc);
		return 0;
	}
	rc = text_read(tree, kind, t,
		       (struct span){ (const uint8_t *)text, size });
	if (rc != -LKM_EFORMAT)
		return rc < 0 ? rc : 1;
	warn_text(tree, path, t);
	return 0;
}

/* Of each module its line in modules.dep, for the priorities of aliases. */
static int tree_load_places(struct lkm_tree *tree)
{
	struct text_index *t = &tree->dep_text;
	int rc;

	if (tree->places_known)
		return 0;
	tree->places_known = true;
	rc = text_load(tree, LKM_INDEX_DEP, t);
	return rc > 0 ? text_places(t, &tree->places) : rc;
}

static bool tree_may_use_text(const struct lkm_tree *tree,
			      enum lkm_index_kind kind)
{
	/* modules.builtin comes with the kernel, not from an index run. */
	return kind == LKM_INDEX_BUILTIN ||
	       (!tree->torn && !tree->layer_count &&
		!(tree->flags & LKM_TREE_SCAN));
}

static int items_from_text(struct lkm_tree *tree, enum lkm_index_kind kind,
			   struct text_index *t)
{
	int rc = 0;

	if (!tree_may_use_text(tree, kind))
		return 0;
	if (kind == LKM_INDEX_ALIAS || kind == LKM_INDEX_SYMBOLS)
		rc = tree_load_places(tree);
	return rc < 0 ? rc : text_load(tree, kind, t);
}

static int items_from_builtin(struct lkm_tree *tree, struct text_index *t)
{
	for (size_t i = 0; i < tree->builtin->modules.len; i++) {
		const struct builtin_module *m = tree->builtin->modules.data[i];

		for (size_t j = 0; j < m->entries.len; j++) {
			char key[MATCH_KEY_MAX];

			if (strcmp(m->entries.data[j].key, "alias") != 0 ||
			    !alias_normalise(m->entries.data[j].value, key,
					     sizeof(key)))
				continue;
			if (text_add(t, key, m->name, 0) < 0)
				return -LKM_ENOMEM;
		}
	}
	return 0;
}

static int items_of_aliases(const struct graph_module *m, struct text_index *t)
{
	for (size_t i = 0; i < m->aliases.count; i++) {
		char key[MATCH_KEY_MAX];

		if (alias_normalise(m->aliases.data[i], key, sizeof(key)) &&
		    text_add(t, key, m->name, m->index) < 0)
			return -LKM_ENOMEM;
	}
	return 0;
}

/* "path: dep dep", as modules.dep has it. */
static int item_of_deps(const struct graph_module *m, struct text_index *t)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	strbuf_addf(&line, "%s:", m->path);
	for (size_t i = 0; i < m->dep_count; i++)
		strbuf_addf(&line, " %s", m->deps[i]->path);
	if (line.failed)
		return -LKM_ENOMEM;
	return text_add(t, m->name, line.data, m->index);
}

static int items_of_symbols(const struct graph *g, struct text_index *t)
{
	for (size_t i = 0; i < g->symbol_count; i++) {
		_cleanup_strbuf_ struct strbuf key = { 0 };
		const struct graph_symbol *s = &g->symbols[i];

		if (!strbuf_addf(&key, "symbol:%s", s->name) ||
		    text_add(t, key.data, s->owner->name, s->owner->index) < 0)
			return -LKM_ENOMEM;
	}
	return 0;
}

/* The aliases of the base's modules, where no layer's take their place. */
struct base_aliases {
	struct lkm_tree *tree;
	struct map places; /* of a module's name its priority + 1 */
	struct text_index *items;
	bool failed;
};

static int add_base_alias(void *ctx, const char *key, const char *value)
{
	struct base_aliases *b = ctx;
	uintptr_t place = (uintptr_t)map_get(&b->places, value);
	const struct graph_module *m;

	if (!place)
		return 0;
	m = &b->tree->graph->modules[place - 1];
	/* layers_build() gives a list, be it empty, to those of layers. */
	if (m->aliases.data)
		return 0;
	b->failed = text_add(b->items, key, value, m->index) < 0;
	return b->failed;
}

static int items_of_base_aliases(struct lkm_tree *tree, struct text_index *t,
				 struct lkm_error **reterr)
{
	struct base_aliases b = { .tree = tree, .items = t };
	int rc = 0;

	for (size_t i = 0; i < tree->graph->count && !rc; i++) {
		if (!map_set(&b.places, tree->graph->modules[i].name,
			     (void *)(i + 1)))
			rc = error_nomem(reterr);
	}
	if (!rc)
		rc = lkm_tree_dump(tree->base, LKM_INDEX_ALIAS, add_base_alias,
				   &b, reterr);
	map_release(&b.places);
	if (b.failed)
		return error_nomem(reterr);
	return rc;
}

static int items_from_graph(const struct graph *g, enum lkm_index_kind kind,
			    struct text_index *t)
{
	int rc = 0;

	if (kind == LKM_INDEX_SYMBOLS)
		return items_of_symbols(g, t);
	for (size_t i = 0; i < g->count && !rc; i++) {
		if (kind == LKM_INDEX_DEP)
			rc = item_of_deps(&g->modules[i], t);
		else
			rc = items_of_aliases(&g->modules[i], t);
	}
	return rc;
}

/* Read the modules themselves, once. */
static int tree_load_graph(struct lkm_tree *tree, struct lkm_error **reterr)
{
	struct graph_options o = {
		.root = &tree->root,
		.dir = tree->dir,
		.release = tree->release,
		.layers = (const char *const *)tree->layers,
		.layer_count = tree->layer_count,
		.no_cache = tree->flags & LKM_TREE_NO_CACHE,
	};
	struct graph *g;
	int rc;

	if (tree->graph)
		return 0;
	/* A set of files that a kill tore apart is no index. */
	if (!tree->base && !tree->torn && tree->flags & LKM_TREE_NO_SCAN)
		return FAIL(reterr, TREE_INDEX_MISSING,
			    KV_STR("dir", tree->dir));
	g = calloc(1, sizeof(*g));
	if (!g)
		return error_nomem(reterr);
	rc = tree->base ? layers_build(tree, g, reterr) :
			  graph_build(&o, g, reterr);
	if (rc < 0) {
		free(g);
		return rc;
	}
	tree->graph = g;
	for (size_t i = 0; i < g->warnings.len; i++)
		tree_warn(tree, g->warnings.data[i]);
	g->warnings.len = 0;
	if (!g->count && !(tree->flags & LKM_TREE_EMPTY)) {
		struct lkm_error *e = NULL;

		(void)FAIL(&e, TREE_MODULES_NONE, KV_STR("dir", tree->dir));
		tree_warn(tree, e);
	}
	return 0;
}

/* Whatever has the entries of @kind, best first. */
static int tree_find_items(struct lkm_tree *tree, enum lkm_index_kind kind,
			   struct text_index *t, const char **ret_source,
			   struct lkm_error **reterr)
{
	int rc;

	*ret_source = "text";
	if (kind == LKM_INDEX_BUILTIN_ALIAS) {
		rc = tree_load_builtin(tree, reterr);
		if (rc < 0)
			return rc;
		rc = items_from_builtin(tree, t);
		return rc < 0 ? error_nomem(reterr) : 0;
	}
	rc = items_from_text(tree, kind, t);
	if (rc < 0)
		return error_nomem(reterr);
	/* Without modules.builtin nothing is known to be built in. */
	if (rc || kind == LKM_INDEX_BUILTIN)
		return 0;
	*ret_source = "scan";
	rc = tree_load_graph(tree, reterr);
	if (rc < 0)
		return rc;
	t->items.len = 0;
	if (tree->base && kind == LKM_INDEX_ALIAS) {
		rc = items_of_base_aliases(tree, t, reterr);
		if (rc < 0)
			return rc;
	}
	rc = items_from_graph(tree->graph, kind, t);
	return rc < 0 ? error_nomem(reterr) : 0;
}

static void add_rules(struct strbuf *b, const char *word, const char *module,
		      const struct graph_strings *values)
{
	for (size_t i = 0; i < values->count; i++)
		strbuf_addf(b, "%s %s %s\n", word, module, values->data[i]);
}

/* What a scan finds again; not so of layers, which the file does not know. */
static bool has_file(const struct lkm_tree *tree, const char *name)
{
	_cleanup_free_ char *path = tree_path(tree, name);
	_cleanup_close_ int fd = -1;

	if (!path || tree->base || tree->layer_count)
		return false;
	fd = root_openat(&tree->root, path, O_PATH);
	return fd >= 0;
}

int lkm_tree_softdeps(struct lkm_tree *tree, const char **ret,
		      struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct index_file *index;
	int rc = 0;

	if (tree->base || strcmp(tree->source, "index") != 0)
		rc = tree_index_get(tree, LKM_INDEX_DEP, &index, reterr);
	if (rc < 0)
		return rc;
	if (tree->graph && (tree->base || !strcmp(tree->source, "scan"))) {
		bool soft = !has_file(tree, "modules.softdep");
		bool weak = !has_file(tree, "modules.weakdep");

		for (size_t i = 0; i < tree->graph->count; i++) {
			const struct graph_module *m = &tree->graph->modules[i];

			if (soft)
				add_rules(&b, "softdep", m->name, &m->softdeps);
			if (weak)
				add_rules(&b, "weakdep", m->name, &m->weakdeps);
		}
	}
	*ret = b.failed ? NULL : arena_strdup(&tree->arena, strbuf_str(&b));
	return *ret ? 0 : error_nomem(reterr);
}

int tree_make_index(struct lkm_tree *tree, enum lkm_index_kind kind,
		    struct lkm_error **reterr)
{
	struct tree_index *index = &tree->indexes[kind];
	_cleanup_text_ struct text_index t = { 0 };
	_cleanup_strbuf_ struct strbuf bytes = { 0 };
	const char *source;
	int rc;

	rc = tree_find_items(tree, kind, &t, &source, reterr);
	if (rc < 0)
		return rc;
	rc = trie_write(&t.items, &bytes);
	if (rc < 0)
		return error_system(reterr, rc, "make", tree_index_name(kind));
	rc = index_open_heap(&index->file, (uint8_t *)bytes.data, bytes.len);
	bytes = (struct strbuf){ 0 };
	index->ready = true;
	if (rc < 0)
		return tree_index_failed(tree, kind, rc, reterr);
	if (kind == LKM_INDEX_DEP && !tree->base)
		tree->source = source;
	return 0;
}
