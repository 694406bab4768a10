// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of needs in modules.dep, all needs of a module, and cycles.
#include <string.h>

#include "base/strbuf.h"
#include "diag/error.h"
#include "tree/resolve.h"

#define CYCLES_SHOWN 8

struct sorter {
	struct graph *graph;
	uint32_t *users; /* modules that need it and are not placed yet */
	uint32_t *place; /* where the sort put it */
	uint32_t *stack;
	uint32_t *mark; /* the last module whose needs were followed, + 1 */
	struct {
		uint32_t place, module;
	} * all; /* needs of the module in hand */
	size_t placed;
};

static bool sorter_init(struct sorter *s, struct graph *graph)
{
	size_t n = graph->count + 1;

	*s = (struct sorter){ .graph = graph };
	s->users = calloc(n, sizeof(*s->users));
	s->place = calloc(n, sizeof(*s->place));
	s->stack = calloc(n, sizeof(*s->stack));
	s->mark = calloc(n, sizeof(*s->mark));
	s->all = calloc(n, sizeof(*s->all));
	return s->users && s->place && s->stack && s->mark && s->all;
}

static void sorter_release(struct sorter *s)
{
	free(s->users);
	free(s->place);
	free(s->stack);
	free(s->mark);
	free(s->all);
}

/*
 * Users before what they need.  Whatever has no user left is taken from a
 * stack, last in first out: kmod's order, which modules.dep shows.
 */
static void sort_modules(struct sorter *s)
{
	struct graph *g = s->graph;
	size_t top = 0;

	for (size_t i = 0; i < g->count; i++) {
		for (size_t k = 0; k < g->modules[i].need_count; k++)
			s->users[g->modules[i].needs[k]->index]++;
	}
	for (size_t i = 0; i < g->count; i++) {
		if (!s->users[i])
			s->stack[top++] = (uint32_t)i;
	}
	while (top) {
		const struct graph_module *m = &g->modules[s->stack[--top]];

		s->place[m->index] = (uint32_t)s->placed++;
		for (size_t k = 0; k < m->need_count; k++) {
			uint32_t need = m->needs[k]->index;

			if (--s->users[need] == 0)
				s->stack[top++] = need;
		}
	}
}

static int place_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sort s->all and turn it into an array of the graph's. */
static const struct graph_module **take_all(struct sorter *s, size_t count)
{
	struct graph *g = s->graph;
	const struct graph_module **ret;

	ret = arena_alloc(&g->arena, count * sizeof(*ret));
	if (!ret)
		return NULL;
	qsort(s->all, count, sizeof(*s->all), place_compare);
	for (size_t i = 0; i < count; i++)
		ret[i] = &g->modules[s->all[i].module];
	return ret;
}

/* Note @m as a need of the module in hand; false when it is already. */
static bool follow(struct sorter *s, const struct graph_module *m,
		   uint32_t mark, size_t *count)
{
	if (s->mark[m->index] == mark)
		return false;
	s->mark[m->index] = mark;
	s->all[*count].place = s->place[m->index];
	s->all[(*count)++].module = m->index;
	return true;
}

static bool follow_needs(struct sorter *s, struct graph_module *m)
{
	uint32_t mark = m->index + 1;
	size_t count = 0;

	for (size_t i = 0; i < m->need_count; i++)
		follow(s, m->needs[i], mark, &count);
	m->needs = take_all(s, count);
	if (!m->needs)
		return false;
	/* s->all is the queue too: what is behind @next was not looked at. */
	for (size_t next = 0; next < count; next++) {
		const struct graph_module
			*d = &s->graph->modules[s->all[next].module];

		for (size_t i = 0; i < d->need_count; i++)
			follow(s, d->needs[i], mark, &count);
	}
	m->dep_count = count;
	m->deps = take_all(s, count);
	return m->deps != NULL;
}

/* Is @m in a cycle or between two?  All others were taken away. */
static bool is_left(const struct sorter *s, const struct graph_module *m)
{
	return s->users[m->index] != 0;
}

static const struct graph_module *next_left(const struct sorter *s,
					    const struct graph_module *m)
{
	for (size_t i = 0; i < m->need_count; i++) {
		if (is_left(s, m->needs[i]))
			return m->needs[i];
	}
	return NULL;
}

/* Of what is left, take away what needs nothing that is left. */
static void strip_ends(struct sorter *s)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < s->graph->count; i++) {
			if (s->users[i] &&
			    !next_left(s, &s->graph->modules[i])) {
				s->users[i] = 0;
				again = true;
			}
		}
	}
}

/* Follow needs from @m, which is left, until one comes again. */
static bool cycle_text(struct sorter *s, const struct graph_module *m,
		       struct strbuf *ret)
{
	const struct graph_module *start;

	memset(s->mark, 0, s->graph->count * sizeof(*s->mark));
	while (!s->mark[m->index]) {
		s->mark[m->index] = 1;
		m = next_left(s, m);
	}
	start = m;
	strbuf_adds(ret, m->name);
	do {
		const struct graph_module *next = next_left(s, m);

		s->mark[m->index] = 2;
		m = next;
		strbuf_adds(ret, " -> ");
		strbuf_adds(ret, m->name);
	} while (m != start);
	/* So that the next call finds another one. */
	for (size_t i = 0; i < s->graph->count; i++) {
		if (s->mark[i] == 2)
			s->users[i] = 0;
	}
	return !ret->failed;
}

static const struct graph_module *first_left(const struct sorter *s)
{
	for (size_t i = 0; i < s->graph->count; i++) {
		if (s->users[i])
			return &s->graph->modules[i];
	}
	return NULL;
}

static int fail_cycle(struct sorter *s, struct lkm_error **reterr)
{
	const struct graph_module *m;
	int rc = 0;

	strip_ends(s);
	for (int i = 0; i < CYCLES_SHOWN && (m = first_left(s)); i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		if (!cycle_text(s, m, &text)) {
			if (rc)
				break;
			return error_nomem(reterr);
		}
		if (!rc)
			rc = FAIL(reterr, TREE_CYCLE,
				  KV_STR("cycle", text.data));
		error_add_evidence(reterr, "cycle", text.data);
		strip_ends(s);
	}
	return rc;
}

int resolve_deps(struct graph *graph, struct lkm_error **reterr)
{
	struct sorter s;
	int rc = 0;

	if (!sorter_init(&s, graph)) {
		sorter_release(&s);
		return error_nomem(reterr);
	}
	sort_modules(&s);
	if (s.placed < graph->count)
		rc = fail_cycle(&s, reterr);
	for (size_t i = 0; i < graph->count && !rc; i++) {
		if (!follow_needs(&s, &graph->modules[i]))
			rc = error_nomem(reterr);
	}
	sorter_release(&s);
	return rc;
}
