// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit tests of plans from hostile or huge configurations.
#include "world.h"

#define CHAIN 4000

/* modules.dep with m0 .. m@count-1; @all: each needs all after it. */
static void many(struct world *w, size_t count, bool all, const char *conf)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	for (size_t i = 0; i < count; i++) {
		strbuf_addf(&b, "m%zu.ko:", i);
		for (size_t j = i + 1; all && j < count; j++)
			strbuf_addf(&b, " m%zu.ko", j);
		strbuf_addc(&b, '\n');
	}
	world_file(w, WORLD_DIR "/modules.dep", strbuf_str(&b));
	world_file(w, WORLD_CONF, conf);
	world_open(w);
}

/* As deep as the tree is large: no stack to run out of. */
static void test_chain(void **state)
{
	struct world *w = *state;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lkm_plan *plan;

	for (int i = 0; i < CHAIN; i++)
		strbuf_addf(&b, "softdep m%d pre: m%d\n", i, i + 1);
	many(w, CHAIN, false, strbuf_str(&b));
	for (int d = LKM_DIALECT_LKM; d <= LKM_DIALECT_KMOD; d++) {
		w->in.dialect = (enum lkm_dialect)d;
		plan = world_load(w, "m0");
		/* The last one is missing. */
		assert_int_equal(lkm_plan_count(plan), CHAIN + 1);
		assert_string_equal(lkm_plan_step(plan, 1)->module, "m3999");
		lkm_plan_free(plan);
	}
}

/* Everybody wants everybody: what each line says is walked once. */
static void test_web(void **state)
{
	struct world *w = *state;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lkm_plan *plan;

	strbuf_adds(&b, "softdep * pre:");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&b, " m%d", i);
	strbuf_adds(&b, "\nsoftdep m* post:");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&b, " m%d", i);
	strbuf_addc(&b, '\n');
	many(w, 1000, false, strbuf_str(&b));
	plan = world_load(w, "m7");
	assert_true(lkm_plan_count(plan) >= 1000);
	lkm_plan_free(plan);
	w->in.dialect = LKM_DIALECT_KMOD;
	plan = world_load(w, "m7");
	assert_true(lkm_plan_count(plan) >= 1000);
	lkm_plan_free(plan);
}

static void test_limits(void **state)
{
	struct world *w = *state;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;

	/* The kmod dialect repeats: 400 modules give 80000 steps. */
	strbuf_adds(&b, "softdep m* pre:");
	for (int i = 0; i < 400; i++)
		strbuf_addf(&b, " m%d", i);
	strbuf_addc(&b, '\n');
	many(w, 400, true, strbuf_str(&b));
	w->in.dialect = LKM_DIALECT_KMOD;
	w->req.name = "m399";
	assert_int_equal(lkm_plan_load(&w->in, &w->req, &plan, &e),
			 -LKM_ELIMIT);
	assert_string_equal(lkm_error_get(e, "what"), "steps");
	assert_error(e, "plan.limit");
	w->in.dialect = LKM_DIALECT_LKM;
	plan = world_load(w, "m399");
	assert_true(lkm_plan_count(plan) >= 400);
	lkm_plan_free(plan);
	/* Words of softdep lines. */
	strbuf_clear(&b);
	for (int i = 0; i < 200; i++) {
		strbuf_adds(&b, "softdep m0 pre:");
		for (int j = 0; j < 400; j++)
			strbuf_adds(&b, " x");
		strbuf_addc(&b, '\n');
	}
	many(w, 2, false, strbuf_str(&b));
	w->req.name = "m0";
	assert_int_equal(lkm_plan_load(&w->in, &w->req, &plan, &e),
			 -LKM_ELIMIT);
	assert_error(e, "plan.limit");
}

/* A long chain of holders. */
static void test_holders(void **state)
{
	struct world *w = *state;
	struct lkm_plan *plan;
	char holder[16], name[16];

	many(w, 1, false, "");
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		snprintf(holder, sizeof(holder), "h%d", i + 1);
		world_loaded(w, name, i < 1999, i < 1999 ? holder : "");
	}
	w->req.name = "h0";
	w->req.flags = LKM_PLAN_HOLDERS;
	assert_int_equal(lkm_plan_unload(&w->in, &w->req, &plan, NULL), 0);
	assert_int_equal(lkm_plan_count(plan), 2000);
	assert_string_equal(lkm_plan_step(plan, 0)->module, "h1999");
	assert_int_equal(lkm_plan_verdict(plan, NULL), 0);
	lkm_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_chain),
		world_test(test_web),
		world_test(test_limits),
		world_test(test_holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
