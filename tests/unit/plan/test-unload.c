// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit tests of plans that unload, on simulated facts.
#include "world.h"

#define DEP                       \
	"k/a.ko: k/b.ko k/c.ko\n" \
	"k/b.ko: k/c.ko\n"        \
	"k/c.ko:\n"               \
	"k/d-x.ko: k/c.ko\n"      \
	"k/e.ko:\n"

static void load_abc(struct world *w)
{
	world_loaded(w, "a", 0, "");
	world_loaded(w, "b", 1, "a");
	world_loaded(w, "c", 2, "a b");
}

static void test_order(void **state)
{
	struct world *w = *state;
	const struct lkm_step *s;
	struct lkm_plan *plan;

	world_of(w, DEP, "");
	load_abc(w);
	assert_unload(w, "a", "unload a; unload b?; unload c?", NULL);
	/* Rule unload-order: kmod asks for what is deepest first, once. */
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_unload(w, "a", "unload a; unload b?", NULL);
	w->req.flags = LKM_PLAN_KEEP_UNUSED;
	assert_unload(w, "a", "unload a", NULL);
	w->in.dialect = LKM_DIALECT_LKM;
	w->req.flags = 0;
	assert_int_equal(lkm_plan_unload(&w->in, &w->req, &plan, NULL), 0);
	s = lkm_plan_step(plan, 1);
	assert_int_equal(s->role, LKM_ROLE_UNUSED);
	assert_string_equal(s->wanted_by, "a");
	lkm_plan_free(plan);
}

/* Users outside of modules may end with the module: the kernel decides. */
static void test_unexplained(void **state)
{
	struct world *w = *state;
	struct lkm_plan *plan;

	world_of(w, DEP, "");
	world_loaded(w, "a", 0, "");
	world_loaded(w, "b", 2, "a");
	world_loaded(w, "c", 1, "a");
	world_loaded(w, "e", 0, "");
	assert_unload(w, "a", "unload a; unload b?; unload c?", NULL);
	assert_int_equal(lkm_plan_unload(&w->in, &w->req, &plan, NULL), 0);
	assert_string_equal(lkm_plan_step(plan, 1)->note,
			    "if nothing outside of modules uses it");
	assert_null(lkm_plan_step(plan, 2)->note);
	lkm_plan_free(plan);
}

static void test_in_use(void **state)
{
	struct world *w = *state;
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;

	world_of(w, DEP, "");
	world_loaded(w, "b", 3, "a d_x");
	world_loaded(w, "a", 0, "");
	world_loaded(w, "d_x", 0, "");
	world_loaded(w, "e", -1, "");
	world_loaded(w, "c", 1, "");
	assert_unload(w, "e", "", "plan.inuse");
	w->req.name = "b";
	assert_int_equal(lkm_plan_unload(&w->in, &w->req, &plan, NULL), 0);
	assert_int_equal(lkm_plan_verdict(plan, &e), -LKM_EBUSY);
	assert_string_equal(lkm_error_get(e, "users"),
			    "a, d_x and 1 user outside of modules");
	assert_error(e, "plan.inuse");
	lkm_plan_free(plan);
	/* Holders go first; the user that is no module stays. */
	w->req.flags = LKM_PLAN_HOLDERS;
	assert_unload(w, "b", "unload d_x; unload a", "plan.inuse");
	w->req.flags = LKM_PLAN_IGNORE_REFCOUNT;
	assert_unload(w, "c", "unload c", NULL);
}

static void test_holders(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "");
	load_abc(w);
	world_loaded(w, "e", 1, "a");
	w->req.flags = LKM_PLAN_HOLDERS;
	/* "a" holds "b" and goes before it; then what nobody holds now. */
	assert_unload(w, "c", "unload a; unload e?; unload b; unload c", NULL);
	w->req.flags |= LKM_PLAN_KEEP_UNUSED;
	assert_unload(w, "c", "unload a; unload b; unload c", NULL);
}

static void test_softdeps(void **state)
{
	struct world *w = *state;

	world_of(w, DEP,
		 "softdep b pre: e d-x not-there post: a\n"
		 "softdep e post: b\n");
	world_loaded(w, "a", 0, "");
	world_loaded(w, "b", 0, "");
	world_loaded(w, "d_x", 0, "");
	world_loaded(w, "e", 0, "");
	assert_unload(w, "b", "unload a?; unload b; unload d_x?; unload e?",
		      NULL);
	/* e's "post" is b, whose "pre" is e. */
	assert_unload(w, "e",
		      "unload a?; unload b?; unload d_x?; cycle e?; "
		      "unload e",
		      NULL);
	/* What is in use stays, and is no failure. */
	world_close(w);
	world_open(w);
	world_loaded(w, "b", 0, "");
	world_loaded(w, "e", 2, "");
	assert_unload(w, "b", "unload b", NULL);
	w->req.flags = LKM_PLAN_IGNORE_COMMANDS;
	assert_unload(w, "b", "unload b", NULL);
}

/* Rule unload-optional: kmod unloads the softdeps of what then stays. */
static void test_softdep_in_use(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "softdep e pre: b\nsoftdep b post: d_x\n");
	world_loaded(w, "e", 0, "");
	world_loaded(w, "b", 1, "");
	world_loaded(w, "d_x", 0, "");
	assert_unload(w, "e", "unload e", NULL);
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_unload(w, "e", "unload e; unload d_x?", NULL);
}

/* Rule unload-softdep-busy: kmod 30 would stop or fail. */
static void test_softdep_busy(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "softdep e pre: b post: d_x\n");
	world_loaded(w, "e", 0, "");
	world_loaded(w, "b", 1, "");
	world_loaded(w, "d_x", 1, "");
	assert_unload(w, "e", "unload e", NULL);
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_unload(w, "e", "unload e", NULL);
}

static void test_remove_command(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "remove a echo $CMDLINE_OPTS bye\nremove x one\n");
	load_abc(w);
	assert_unload(w, "a", "remove a {echo  bye}", NULL);
	assert_unload(w, "x", "remove x {one}", NULL);
	w->req.flags = LKM_PLAN_IGNORE_COMMANDS;
	assert_unload(w, "a", "unload a; unload b?; unload c?", NULL);
}

static void test_not_there(void **state)
{
	struct world *w = *state;
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;

	world_file(w, WORLD_DIR "/modules.builtin", "kernel/bi.ko\n");
	world_of(w, DEP, "");
	assert_unload(w, "a", "", "plan.notloaded");
	assert_unload(w, "bi", "builtin bi", "plan.builtin");
	w->req.name = "nothing";
	assert_int_equal(lkm_plan_unload(&w->in, &w->req, &plan, &e),
			 -LKM_ENOTFOUND);
	assert_error(e, "plan.notfound");
	/* Rule unload-loaded: it is loaded, whatever the tree knows. */
	world_loaded(w, "nothing", 0, "");
	assert_unload(w, "nothing", "unload nothing", NULL);
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_int_equal(lkm_plan_unload(&w->in, &w->req, &plan, &e),
			 -LKM_ENOTFOUND);
	assert_error(e, "plan.notfound");
}

static void test_alias(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "alias two e\nalias two b\n");
	world_loaded(w, "b", 0, "");
	assert_unload(w, "two", "unload b", NULL);
	world_loaded(w, "e", 1, "");
	assert_unload(w, "two", "", "plan.inuse");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_order),	       world_test(test_unexplained),
		world_test(test_in_use),       world_test(test_holders),
		world_test(test_softdeps),     world_test(test_softdep_in_use),
		world_test(test_softdep_busy), world_test(test_remove_command),
		world_test(test_not_there),    world_test(test_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
