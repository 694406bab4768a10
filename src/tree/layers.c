// SPDX-License-Identifier: LGPL-2.1-or-later
// Module directories laid over an indexed tree: only their modules are read.
#include "tree/layers.h"

#include <string.h>

#include "base/pool.h"
#include "diag/error.h"
#include "tree/order.h"
#include "tree/read.h"
#include "tree/resolve.h"

struct layering {
	struct lkm_tree *tree;
	struct lkm_error **reterr;
	const struct lkm_module_file *base; /* modules of the base */
	size_t base_count;
	struct depmod_policy policy;
	struct scan scan; /* of the layers */
	/* What is read: all of the layers, and of the base what needs one. */
	struct read_job *jobs;
	uint32_t *job_module; /* the place in the graph of each */
	size_t job_count;
	struct scan_file *files;
	struct reader readers[POOL_MAX];
	uint32_t *seen;	    /* per module: the last job that needed it, + 1 */
	struct map exports; /* of the layers: symbol to module + 1 */
	struct map names;   /* module to its place + 1 */
	/* Base modules' needs as modules.dep has them. */
	const struct graph_module ***known;
	struct graph graph;
};

static bool is_overridden(const struct layering *l, const char *name)
{
	return map_get(&l->scan.by_name, name) != NULL;
}

static bool needs_overridden(const struct layering *l,
			     const struct lkm_module_file *m)
{
	for (size_t i = 0; i < m->dep_count; i++) {
		if (is_overridden(l, m->deps[i].name))
			return true;
	}
	return false;
}

static int find_modules(struct layering *l)
{
	const struct depmod_source source = { &l->tree->root, l->tree->release,
					      NULL, 0 };
	const struct scan_options scan = {
		.root = &l->tree->root,
		.layers = (const char *const *)l->tree->layers,
		.layer_count = l->tree->layer_count,
		.policy = &l->policy,
	};
	int rc;

	rc = lkm_tree_modules(l->tree->base, &l->base, &l->base_count,
			      l->reterr);
	if (rc >= 0)
		rc = depmod_policy_load(&source, &l->policy, l->reterr);
	return rc < 0 ? rc : scan_tree(&scan, &l->scan, l->reterr);
}

static int add_module(struct layering *l, const char *name, const char *path)
{
	struct graph *g = &l->graph;
	struct graph_module *m = &g->modules[g->count];

	m->name = name;
	m->path = path;
	m->index = (uint32_t)g->count++;
	if (!map_set(&l->names, name, (void *)(uintptr_t)g->count))
		return error_nomem(l->reterr);
	return 0;
}

static void add_job(struct layering *l, const struct scan_file *f,
		    size_t module)
{
	l->files[l->job_count] = *f;
	l->jobs[l->job_count].file = &l->files[l->job_count];
	l->job_module[l->job_count++] = (uint32_t)module;
}

static int add_base(struct layering *l)
{
	for (size_t i = 0; i < l->base_count; i++) {
		const struct lkm_module_file *m = &l->base[i];
		const struct scan_file f = { .name = m->name, .path = m->path };

		if (is_overridden(l, m->name))
			continue;
		if (needs_overridden(l, m))
			add_job(l, &f, l->graph.count);
		if (add_module(l, m->name, m->path) < 0)
			return -LKM_ENOMEM;
	}
	return 0;
}

/* In the order that an index run has for modules without a modules.order. */
static int add_layers(struct layering *l)
{
	_cleanup_free_ struct order_item *items = NULL;
	size_t n = l->scan.files.len;

	items = calloc(n + 1, sizeof(*items));
	if (!items)
		return error_nomem(l->reterr);
	for (size_t i = 0; i < n; i++)
		items[i] = (struct order_item){ l->scan.files.data[i].name,
						(uint32_t)i };
	if (order_by_bucket(items, n, ORDER_MODULE_BUCKETS) < 0)
		return error_nomem(l->reterr);
	for (size_t i = 0; i < n; i++) {
		const struct scan_file *f = &l->scan.files.data[items[i].value];

		add_job(l, f, l->graph.count);
		if (add_module(l, f->name, f->path) < 0)
			return -LKM_ENOMEM;
	}
	return 0;
}

static int add_modules(struct layering *l)
{
	size_t n = l->base_count + l->scan.files.len + 1;
	int rc;

	l->graph.modules = arena_zalloc(&l->graph.arena,
					n * sizeof(*l->graph.modules));
	l->jobs = calloc(n, sizeof(*l->jobs));
	l->job_module = calloc(n, sizeof(*l->job_module));
	l->files = calloc(n, sizeof(*l->files));
	l->known = calloc(n, sizeof(*l->known));
	l->seen = calloc(n, sizeof(*l->seen));
	if (!l->graph.modules || !l->jobs || !l->job_module || !l->files ||
	    !l->known || !l->seen)
		return error_nomem(l->reterr);
	rc = add_base(l);
	return rc < 0 ? rc : add_layers(l);
}

static struct graph_module *module_named(struct layering *l, const char *name)
{
	uintptr_t place = (uintptr_t)map_get(&l->names, name);

	return place ? &l->graph.modules[place - 1] : NULL;
}

/* Needs of a base module, all of them, from modules.dep. */
static int know_needs(struct layering *l, const struct lkm_module_file *m)
{
	struct graph_module *gm = module_named(l, m->name);
	const struct graph_module **needs;
	size_t count = 0;

	needs = arena_alloc(&l->graph.arena,
			    (m->dep_count + 1) * sizeof(*needs));
	if (!gm || !needs)
		return error_nomem(l->reterr);
	for (size_t i = 0; i < m->dep_count; i++) {
		needs[count] = module_named(l, m->deps[i].name);
		if (needs[count])
			count++;
	}
	gm->needs = needs;
	gm->need_count = count;
	l->known[gm->index] = needs;
	return 0;
}

static int know_base(struct layering *l)
{
	int rc = 0;

	for (size_t i = 0; i < l->base_count && !rc; i++) {
		if (!is_overridden(l, l->base[i].name) &&
		    !needs_overridden(l, &l->base[i]))
			rc = know_needs(l, &l->base[i]);
	}
	return rc;
}

static int read_files(struct layering *l)
{
	const struct read_options read = {
		.root = &l->tree->root,
		.dir = l->tree->dir,
		.threads = pool_default_threads(),
	};
	int rc = read_modules(&read, l->jobs, l->job_count, l->readers,
			      l->reterr);

	l->graph.read = l->job_count;
	for (size_t i = 0; i < l->job_count; i++) {
		tree_warn(l->tree, l->jobs[i].error);
		l->jobs[i].error = NULL;
	}
	return rc;
}

static bool is_of_layer(const struct layering *l, size_t job)
{
	return is_overridden(l, l->graph.modules[l->job_module[job]].name);
}

static int collect_exports(struct layering *l)
{
	for (size_t i = 0; i < l->job_count; i++) {
		const struct facts *f = &l->jobs[i].facts;
		const uint32_t *ids;

		if (!is_of_layer(l, i) || !f->names)
			continue;
		ids = facts_ids(f, FACT_EXPORT);
		for (size_t j = 0; j < f->counts[FACT_EXPORT]; j++) {
			uintptr_t module = (uintptr_t)l->job_module[i] + 1;

			if (!map_set(&l->exports, f->names->list.data[ids[j]],
				     (void *)module))
				return error_nomem(l->reterr);
		}
	}
	return 0;
}

/* Who exports @symbol: a layer before the base. */
static int find_owner(struct layering *l, const char *symbol,
		      const struct graph_module **ret)
{
	uintptr_t module = (uintptr_t)map_get(&l->exports, symbol);
	const char *const *names;
	size_t count;
	int rc;

	*ret = module ? &l->graph.modules[module - 1] : NULL;
	if (module)
		return 0;
	rc = lkm_tree_symbol(l->tree->base, symbol, &names, &count, l->reterr);
	/* What takes the exporter's place does not export it, or see above. */
	if (rc == 1 && !is_overridden(l, names[0]))
		*ret = module_named(l, names[0]);
	return rc < 0 ? rc : 0;
}

static int find_needs(struct layering *l, size_t job)
{
	struct graph_module *m = &l->graph.modules[l->job_module[job]];
	const struct facts *f = &l->jobs[job].facts;
	const struct graph_module **needs;
	const uint32_t *ids;

	if (!f->names)
		return 0; /* it could not be read: there is a warning */
	ids = facts_ids(f, FACT_NEED);
	needs = arena_alloc(&l->graph.arena,
			    (f->counts[FACT_NEED] + 1) * sizeof(*needs));
	if (!needs)
		return error_nomem(l->reterr);
	m->needs = needs;
	for (size_t i = 0; i < f->counts[FACT_NEED]; i++) {
		const struct graph_module *owner;
		int rc = find_owner(l, f->names->list.data[ids[i]], &owner);

		if (rc < 0)
			return rc;
		if (!owner || owner == m || l->seen[owner->index] == job + 1)
			continue;
		l->seen[owner->index] = (uint32_t)job + 1;
		needs[m->need_count++] = owner;
	}
	return 0;
}

static int take_strings(struct layering *l, const struct facts *f,
			enum fact_kind kind, struct graph_strings *ret)
{
	const uint32_t *ids = facts_ids(f, kind);
	const char **data;

	data = arena_alloc(&l->graph.arena,
			   (f->counts[kind] + 1) * sizeof(*data));
	if (!data)
		return error_nomem(l->reterr);
	for (size_t i = 0; i < f->counts[kind]; i++)
		data[i] = f->names->list.data[ids[i]];
	*ret = (struct graph_strings){ data, f->counts[kind] };
	return 0;
}

/* What modules.alias and modules.softdep of the base do not have. */
static int take_modinfo(struct layering *l, size_t job)
{
	struct graph_module *m = &l->graph.modules[l->job_module[job]];
	const struct facts *f = &l->jobs[job].facts;
	int rc;

	if (!is_of_layer(l, job) || !f->names)
		return 0;
	rc = take_strings(l, f, FACT_ALIAS, &m->aliases);
	if (!rc)
		rc = take_strings(l, f, FACT_SOFTDEP, &m->softdeps);
	if (!rc)
		rc = take_strings(l, f, FACT_WEAKDEP, &m->weakdeps);
	return rc;
}

/* For the exported symbols, of the base and then of the layers. */
struct symbols {
	struct layering *l;
	VEC(struct graph_symbol) list;
	bool failed;
};

static int add_base_symbol(void *ctx, const char *key, const char *value)
{
	struct symbols *s = ctx;
	struct graph_symbol symbol = { 0 };
	const char *name = key + strcspn(key, ":");

	name += *name == ':';
	if (is_overridden(s->l, value) || map_get(&s->l->exports, name))
		return 0;
	symbol.owner = module_named(s->l, value);
	if (!symbol.owner)
		return 0;
	symbol.name = arena_strdup(&s->l->graph.arena, name);
	s->failed = !symbol.name || !vec_push(&s->list, symbol);
	return s->failed;
}

static int list_symbols(struct layering *l)
{
	struct symbols s = { .l = l };
	struct graph *g = &l->graph;
	int rc = lkm_tree_dump(l->tree->base, LKM_INDEX_SYMBOLS,
			       add_base_symbol, &s, l->reterr);

	map_foreach(&l->exports, slot) {
		const struct graph_symbol symbol = {
			slot->key, &g->modules[(uintptr_t)slot->value - 1]
		};

		s.failed = s.failed || !vec_push(&s.list, symbol);
	}
	g->symbols = arena_memdup(&g->arena, s.list.data,
				  s.list.len * sizeof(*g->symbols));
	g->symbol_count = s.list.len;
	vec_release(&s.list);
	if (rc < 0)
		return rc;
	return s.failed || !g->symbols ? error_nomem(l->reterr) : 0;
}

static int resolve(struct layering *l)
{
	int rc = know_base(l);

	for (size_t i = 0; i < l->job_count && !rc; i++) {
		rc = find_needs(l, i);
		if (!rc)
			rc = take_modinfo(l, i);
	}
	if (!rc)
		rc = list_symbols(l);
	if (!rc)
		rc = resolve_deps(&l->graph, l->reterr);
	if (rc < 0)
		return rc;
	/* Those that no layer touches stay as modules.dep has them. */
	for (size_t i = 0; i < l->graph.count; i++) {
		struct graph_module *m = &l->graph.modules[i];

		if (!l->known[i])
			continue;
		m->deps = l->known[i];
		m->dep_count = m->need_count;
	}
	return 0;
}

static void finish(struct layering *l, struct graph *ret)
{
	struct graph *g = &l->graph;

	for (size_t i = 0; i < l->policy.warnings.len; i++)
		tree_warn(l->tree, take_ptr(l->policy.warnings.data[i]));
	for (size_t i = 0; i < l->scan.warnings.len; i++)
		tree_warn(l->tree, take_ptr(l->scan.warnings.data[i]));
	arena_adopt(&g->arena, &l->scan.strings);
	for (size_t i = 0; i < POOL_MAX; i++)
		arena_adopt(&g->arena, &l->readers[i].names.strings);
	*ret = *g;
	*g = (struct graph){ 0 };
}

int layers_build(struct lkm_tree *tree, struct graph *ret,
		 struct lkm_error **reterr)
{
	struct layering *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return error_nomem(reterr);
	l->tree = tree;
	l->reterr = reterr;
	rc = find_modules(l);
	if (!rc)
		rc = add_modules(l);
	if (!rc)
		rc = read_files(l);
	if (!rc)
		rc = collect_exports(l);
	if (!rc)
		rc = resolve(l);
	if (!rc)
		finish(l, ret);
	graph_release(&l->graph);
	for (size_t i = 0; i < POOL_MAX; i++)
		reader_release(&l->readers[i]);
	map_release(&l->exports);
	map_release(&l->names);
	depmod_policy_release(&l->policy);
	scan_release(&l->scan);
	free(l->seen);
	free(l->known);
	free(l->files);
	free(l->job_module);
	free(l->jobs);
	free(l);
	return rc;
}
