// SPDX-License-Identifier: LGPL-2.1-or-later
// A small world for one test: a tree, a configuration, a kernel's facts; and
// plans as one line of text.
#pragma once

#include "../policy/scratch.h"

#include <lkm/plan.h>

#include "base/macro.h"
#include "base/strbuf.h"

#define WORLD_DIR "/lib/modules/6.0"
#define WORLD_CONF "/etc/modprobe.d/test.conf"

struct world {
	struct scratch s;
	struct lkm_plan_inputs in;
	struct lkm_plan_request req;
	struct lkm_policy *policy;
	struct lkm_facts *facts;
	struct strbuf text;
};

static inline int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->s.root, sizeof(w->s.root), "/tmp/test-plan-XXXXXX");
	*state = w;
	return mkdtemp(w->s.root) ? 0 : -1;
}

static inline void world_close(struct world *w)
{
	lkm_tree_free(w->in.tree);
	lkm_policy_free(w->policy);
	lkm_facts_free(w->facts);
	w->in = (struct lkm_plan_inputs){ 0 };
	w->policy = NULL;
	w->facts = NULL;
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;

	world_close(w);
	strbuf_release(&w->text);
	nftw(w->s.root, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

#define world_test(fn) \
	cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

static inline void world_file(struct world *w, const char *path,
			      const char *text)
{
	scratch_write(&w->s, path, text);
}

/* modules.dep is @dep, and each module of it an empty file. */
static inline void world_dep(struct world *w, const char *dep)
{
	char path[SCRATCH_PATH];

	world_file(w, WORLD_DIR "/modules.dep", dep);
	for (const char *p = dep; *p; p = strchr(p, '\n') + 1) {
		snprintf(path, sizeof(path), WORLD_DIR "/%.*s",
			 (int)strcspn(p, ":"), p);
		world_file(w, path, "");
	}
}

static inline void world_open(struct world *w)
{
	struct lkm_tree_options o = { .size = sizeof(o),
				      .root = w->s.root,
				      .release = "6.0",
				      .flags = LKM_TREE_NO_CACHE };
	struct lkm_policy_options p = { .size = sizeof(p),
					.root = w->s.root,
					.cmdline = "",
					.module_dir = WORLD_DIR };

	world_close(w);
	assert_int_equal(lkm_tree_open(&o, &w->in.tree, NULL), 0);
	assert_int_equal(lkm_policy_load(&p, &w->policy, NULL), 0);
	w->in.policy = w->policy;
	w->req = (struct lkm_plan_request){ .size = sizeof(w->req) };
}

/* The tree @dep and the configuration @conf. */
static inline void world_of(struct world *w, const char *dep, const char *conf)
{
	world_dep(w, dep);
	world_file(w, WORLD_CONF, conf);
	world_open(w);
}

/* A loaded module; @holders are separated by blanks. */
static inline void world_loaded(struct world *w, const char *name, long refs,
				const char *holders)
{
	struct lkm_loaded m = { .name = name, .refcount = refs, .taints = "" };
	char text[256];
	const char *list[16];
	char *save = NULL;

	snprintf(text, sizeof(text), "%s", holders);
	for (char *h = strtok_r(text, " ", &save); h;
	     h = strtok_r(NULL, " ", &save))
		list[m.holder_count++] = h;
	m.holders = list;
	if (!w->facts)
		w->facts = lkm_facts_new();
	assert_true(lkm_facts_add(w->facts, &m));
	w->in.facts = w->facts;
}

static inline void world_step(struct world *w, const struct lkm_step *s)
{
	struct strbuf *b = &w->text;

	strbuf_addf(b, "%s%s %s", b->len ? "; " : "",
		    lkm_step_kind_name(s->kind), s->module);
	if (s->optional)
		strbuf_addc(b, '?');
	if (s->options[0])
		strbuf_addf(b, " [%s]", s->options);
	if (s->command)
		strbuf_addf(b, " {%s}", s->command);
	if (s->kind == LKM_STEP_REFUSED)
		strbuf_addf(b, " %s:%u", strrchr(s->file, '/') + 1, s->line);
}

static inline const char *world_render(struct world *w,
				       const struct lkm_plan *plan)
{
	strbuf_clear(&w->text);
	for (size_t i = 0; i < lkm_plan_count(plan); i++)
		world_step(w, lkm_plan_step(plan, i));
	return strbuf_str(&w->text);
}

static inline struct lkm_plan *world_load(struct world *w, const char *name)
{
	struct lkm_error *e = NULL;
	struct lkm_plan *plan = NULL;

	w->req.name = name;
	if (lkm_plan_load(&w->in, &w->req, &plan, &e) < 0)
		fail_msg("%s: %s", name, lkm_error_id(e));
	return plan;
}

/* "load a; load b?": the steps; @id: of the verdict, NULL: fine. */
static inline void assert_load(struct world *w, const char *name,
			       const char *want, const char *id)
{
	struct lkm_plan *plan = world_load(w, name);
	struct lkm_error *e = NULL;

	assert_string_equal(world_render(w, plan), want);
	if (lkm_plan_verdict(plan, &e) < 0) {
		assert_non_null(id);
		assert_error(e, id);
	} else {
		assert_null(id);
	}
	lkm_plan_free(plan);
}

static inline void assert_unload(struct world *w, const char *name,
				 const char *want, const char *id)
{
	struct lkm_error *e = NULL;
	struct lkm_plan *plan = NULL;

	w->req.name = name;
	if (lkm_plan_unload(&w->in, &w->req, &plan, &e) < 0)
		fail_msg("%s: %s", name, lkm_error_id(e));
	assert_string_equal(world_render(w, plan), want);
	if (lkm_plan_verdict(plan, &e) < 0) {
		assert_non_null(id);
		assert_error(e, id);
	} else {
		assert_null(id);
	}
	lkm_plan_free(plan);
}

static inline void assert_both(struct world *w, const char *name,
			       const char *want, const char *id)
{
	w->in.dialect = LKM_DIALECT_LKM;
	assert_load(w, name, want, id);
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_load(w, name, want, id);
}

/* What each dialect makes of it: a rule of docs/differences.md. */
static inline void assert_dialects(struct world *w, const char *name,
				   const char *lkm, const char *kmod)
{
	w->in.dialect = LKM_DIALECT_LKM;
	assert_load(w, name, lkm, NULL);
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_load(w, name, kmod, NULL);
}
