// SPDX-License-Identifier: LGPL-2.1-or-later
// Who needs whom: exported symbols joined with needed ones.
#include "tree/resolve.h"

#include <string.h>

#include "diag/error.h"
#include "tree/order.h"

/* The exporter of each name of a table, looked up once. */
struct owners {
	const struct names *names;
	uint32_t *owner; /* module + 2; 1: none; 0: not looked up yet */
};

struct resolver {
	struct graph *graph;
	const struct facts *facts;
	struct map exports; /* symbol name to module + 1 */
	VEC(struct owners) tables;
	uint32_t *seen; /* per module: the last one found to need it, + 1 */
	VEC(const struct graph_module *) found;
};

/*
 * Not exports, whatever a file says: the kernel's loader, an architecture's
 * linker or its ABI make these up.
 */
static bool is_fake(const char *symbol)
{
	return !strcmp(symbol, "__this_module") ||
	       !strcmp(symbol, "_GLOBAL_OFFSET_TABLE_") ||
	       !strcmp(symbol, "TOC.");
}

static bool add_exports(struct resolver *r, size_t module)
{
	const struct facts *f = &r->facts[module];
	const uint32_t *ids = facts_ids(f, FACT_EXPORT);

	for (size_t i = 0; i < f->counts[FACT_EXPORT]; i++) {
		const char *name = f->names->list.data[ids[i]];

		/* Of two exporters the later one is taken, as in kmod. */
		if (!is_fake(name) &&
		    !map_set(&r->exports, name, (void *)(module + 1)))
			return false;
	}
	return true;
}

/* Fill in graph->symbols from the map. */
static bool list_symbols(struct resolver *r)
{
	struct graph *g = r->graph;
	_cleanup_free_ struct order_item *items = NULL;
	size_t n = 0;

	items = calloc(r->exports.count + 1, sizeof(*items));
	g->symbols = arena_alloc(&g->arena,
				 r->exports.count * sizeof(*g->symbols));
	if (!items || !g->symbols)
		return false;
	map_foreach(&r->exports, slot) {
		items[n].name = slot->key;
		items[n++].value = (uint32_t)((uintptr_t)slot->value - 1);
	}
	if (order_by_bucket(items, n, ORDER_SYMBOL_BUCKETS) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		g->symbols[i] = (struct graph_symbol){
			items[i].name, &g->modules[items[i].value]
		};
	g->symbol_count = n;
	return true;
}

static struct owners *owners_of(struct resolver *r, const struct names *names)
{
	struct owners o = { .names = names };

	for (size_t i = 0; i < r->tables.len; i++) {
		if (r->tables.data[i].names == names)
			return &r->tables.data[i];
	}
	o.owner = calloc(names->list.len + 1, sizeof(*o.owner));
	if (!o.owner)
		return NULL;
	if (!vec_push(&r->tables, o)) {
		free(o.owner);
		return NULL;
	}
	return &r->tables.data[r->tables.len - 1];
}

static uint32_t owner_of(struct resolver *r, struct owners *o, uint32_t id)
{
	if (!o->owner[id])
		o->owner[id] = 1 +
			       (uint32_t)(uintptr_t)map_get(
				       &r->exports, o->names->list.data[id]);
	return o->owner[id];
}

static bool find_needs(struct resolver *r, size_t module)
{
	struct graph_module *m = &r->graph->modules[module];
	const struct facts *f = &r->facts[module];
	const uint32_t *ids = facts_ids(f, FACT_NEED);
	struct owners *owners = owners_of(r, f->names);

	if (!owners)
		return false;
	r->found.len = 0;
	for (size_t i = 0; i < f->counts[FACT_NEED]; i++) {
		uint32_t owner = owner_of(r, owners, ids[i]);

		if (owner < 2 || owner - 2 == module ||
		    r->seen[owner - 2] == module + 1)
			continue;
		r->seen[owner - 2] = (uint32_t)module + 1;
		if (!vec_push(&r->found, &r->graph->modules[owner - 2]))
			return false;
	}
	m->need_count = r->found.len;
	m->needs = arena_memdup(&r->graph->arena, r->found.data,
				r->found.len * sizeof(*r->found.data));
	return m->needs != NULL;
}

int resolve_symbols(struct graph *graph, const struct facts *facts,
		    struct lkm_error **reterr)
{
	struct resolver r = { .graph = graph, .facts = facts };
	bool ok;

	r.seen = calloc(graph->count + 1, sizeof(*r.seen));
	ok = r.seen != NULL;
	for (size_t i = 0; i < graph->count && ok; i++)
		ok = add_exports(&r, i);
	ok = ok && list_symbols(&r);
	for (size_t i = 0; i < graph->count && ok; i++)
		ok = find_needs(&r, i);
	free(r.seen);
	vec_release(&r.found);
	map_release(&r.exports);
	for (size_t i = 0; i < r.tables.len; i++)
		free(r.tables.data[i].owner);
	vec_release(&r.tables);
	return ok ? 0 : error_nomem(reterr);
}
