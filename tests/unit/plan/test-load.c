// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit tests of plans that load: order, roles, rules, and both dialects.
#include "world.h"

#define DEP                       \
	"k/a.ko: k/b.ko k/c.ko\n" \
	"k/b.ko: k/c.ko\n"        \
	"k/c.ko:\n"               \
	"k/d-x.ko: k/c.ko\n"      \
	"k/e.ko:\n"

static void test_order(void **state)
{
	struct world *w = *state;
	struct lkm_plan *plan;
	const struct lkm_step *s;
	char path[SCRATCH_PATH];
	size_t count;

	world_of(w, DEP, "");
	assert_both(w, "a", "load c; load b; load a", NULL);
	assert_both(w, "d-x", "load c; load d_x", NULL);
	plan = world_load(w, "a");
	s = lkm_plan_step(plan, 0);
	assert_string_equal(s->path,
			    scratch_name(&w->s, WORLD_DIR "/k/c.ko", path));
	assert_int_equal(s->role, LKM_ROLE_DEPENDENCY);
	assert_string_equal(s->wanted_by, "a");
	s = lkm_plan_step(plan, 2);
	assert_int_equal(s->role, LKM_ROLE_TARGET);
	assert_null(s->wanted_by);
	assert_null(lkm_plan_step(plan, 3));
	assert_string_equal(lkm_plan_via(plan), "name");
	assert_string_equal(lkm_plan_targets(plan, &count)[0], "a");
	assert_int_equal(count, 1);
	/* The plan is a value: it outlives what it was made from. */
	world_close(w);
	assert_string_equal(world_render(w, plan), "load c; load b; load a");
	lkm_plan_free(plan);
}

static void test_names(void **state)
{
	assert_string_equal(lkm_step_kind_name(LKM_STEP_CYCLE), "cycle");
	assert_string_equal(lkm_step_kind_name((enum lkm_step_kind)99),
			    "unknown");
	assert_string_equal(lkm_step_role_name(LKM_ROLE_SOFTDEP_POST),
			    "softdep-post");
	assert_string_equal(lkm_step_role_name((enum lkm_step_role)99),
			    "unknown");
	lkm_plan_free(NULL);
}

static void assert_via(struct world *w, const char *name, const char *via,
		       const char *steps)
{
	struct lkm_plan *plan = world_load(w, name);

	assert_string_equal(lkm_plan_via(plan), via);
	assert_string_equal(world_render(w, plan), steps);
	lkm_plan_free(plan);
}

/* Each source hides those behind it. */
static void test_lookup_order(void **state)
{
	struct world *w = *state;

	world_file(w, WORLD_DIR "/modules.builtin", "kernel/bi.ko\n");
	world_file(w, WORLD_DIR "/modules.alias",
		   "alias usb:v1* a\nalias usb:v1p2 e\nalias c e\n"
		   "alias only e\nalias bi-x e\n");
	world_file(w, WORLD_DIR "/modules.symbols", "alias symbol:fun b\n");
	world_of(w, DEP,
		 "alias usb:v9* b\nalias usb:v9* c\nalias e-too e\n"
		 "install only /bin/true\n");
	assert_via(w, "usb:v9z", "alias", "load c; load b");
	assert_via(w, "e_too", "alias", "load e");
	assert_via(w, "c", "name", "load c");
	assert_via(w, "symbol:fun", "symbol", "load c; load b");
	assert_via(w, "only", "command", "install only {/bin/true}");
	assert_via(w, "usb:v1p3", "modules.alias", "load c; load b; load a");
	assert_via(w, "bi-x", "modules.alias", "load e");
	assert_via(w, "bi", "builtin", "builtin bi");
	assert_both(w, "usb:v1p2", "load c; load b; load a; load e", NULL);
}

static void test_not_found(void **state)
{
	struct world *w = *state;
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;

	world_of(w, DEP, "");
	w->req.name = "nothing";
	assert_int_equal(lkm_plan_load(&w->in, &w->req, &plan, &e),
			 -LKM_ENOTFOUND);
	assert_error(e, "plan.notfound");
	w->req.name = "broken[alias";
	assert_int_equal(lkm_plan_load(&w->in, &w->req, &plan, &e),
			 -LKM_ENOTFOUND);
	assert_error(e, "plan.notfound");
}

static void test_options(void **state)
{
	struct world *w = *state;

	world_of(w, DEP,
		 "options e x=1\noptions c y=2\noptions via z=3\n"
		 "alias via e\noptions e w=4\n");
	w->req.options = "q=9";
	assert_both(w, "e", "load e [x=1 w=4 q=9]", NULL);
	assert_both(w, "via", "load e [x=1 z=3 w=4 q=9]", NULL);
	w->req.options = NULL;
	/* Rule options-blank: harmless, and modprobe -D prints it. */
	assert_dialects(w, "e", "load e [x=1 w=4]", "load e [x=1 w=4 ]");
	assert_dialects(w, "d_x", "load c [y=2]; load d_x",
			"load c [y=2 ]; load d_x");
}

static void test_install(void **state)
{
	struct world *w = *state;
	struct lkm_plan *plan;

	world_of(w, DEP,
		 "install e echo $CMDLINE_OPTS; load e $CMDLINE_OPTS\n"
		 "install c* first\ninstall c second\noptions e a=1\n");
	w->req.options = "b=$CMDLINE_OPTS";
	assert_both(w, "e",
		    "install e [a=1 b=$CMDLINE_OPTS] "
		    "{echo a=1 b=$CMDLINE_OPTS; load e a=1 b=$CMDLINE_OPTS}",
		    NULL);
	plan = world_load(w, "e");
	assert_string_equal(lkm_plan_step(plan, 0)->command_rule,
			    "echo $CMDLINE_OPTS; load e $CMDLINE_OPTS");
	assert_string_equal(lkm_plan_step(plan, 0)->file, WORLD_CONF);
	assert_int_equal(lkm_plan_step(plan, 0)->line, 1);
	lkm_plan_free(plan);
	w->req.options = NULL;
	/* A dependency's command runs; -i is for the target alone. */
	assert_both(w, "b", "install c {first}; load b", NULL);
	w->req.flags = LKM_PLAN_IGNORE_COMMANDS;
	assert_both(w, "b", "install c {first}; load b", NULL);
	assert_both(w, "c", "load c", NULL);
}

/* Rule install-softdep: kmod 30 would forget the command in both. */
static void test_install_with_softdep(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "install e /bin/false\nsoftdep e pre: d-x\n");
	assert_both(w, "e", "load c?; load d_x?; install e {/bin/false}", NULL);
}

/* Rule softdep-merge. */
static void test_softdep_merge(void **state)
{
	struct world *w = *state;

	/* In order of the files' names: modules.softdep, test.conf. */
	world_file(w, WORLD_DIR "/modules.softdep", "softdep e pre: d_x\n");
	world_file(w, WORLD_DIR "/modules.builtin", "kernel/bi.ko\n");
	world_of(w, DEP, "softdep e pre: c\nsoftdep e* pre: bi post: a\n");
	assert_dialects(w, "e",
			"load c?; load d_x?; builtin bi?; load e; load b?; "
			"load a?",
			"load c?; load d_x?; load e");
	w->req.flags = LKM_PLAN_NO_SOFTDEPS;
	assert_both(w, "e", "load e", NULL);
}

/* Rule once: kmod lists what is needed once for each that needs it. */
static void test_once(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "softdep e pre: b d_x\n");
	assert_dialects(w, "e", "load c?; load b?; load d_x?; load e",
			"load c?; load b?; load c?; load d_x?; load e");
	world_file(w, WORLD_CONF, "alias two b\nalias two a\n");
	world_open(w);
	assert_dialects(w, "two", "load c; load b; load a",
			"load c; load b; load c; load b; load a");
}

static void test_softdep_order(void **state)
{
	struct world *w = *state;
	const struct lkm_step *s;
	struct lkm_plan *plan;

	/* Hard needs first, then "pre", itself, "post". */
	world_of(w, DEP, "softdep b pre: e post: d_x\n");
	assert_dialects(w, "b", "load c; load e?; load b; load d_x?",
			"load c; load e?; load b; load c; load d_x?");
	assert_dialects(w, "a", "load c; load e?; load b; load d_x?; load a",
			"load c; load e?; load b; load c; load d_x?; load a");
	w->in.dialect = LKM_DIALECT_LKM;
	plan = world_load(w, "a");
	s = lkm_plan_step(plan, 1);
	assert_int_equal(s->role, LKM_ROLE_SOFTDEP_PRE);
	assert_string_equal(s->wanted_by, "b");
	assert_string_equal(s->file, WORLD_CONF);
	assert_int_equal(s->line, 1);
	assert_int_equal(lkm_plan_step(plan, 3)->role, LKM_ROLE_SOFTDEP_POST);
	lkm_plan_free(plan);
}

static void test_cycle(void **state)
{
	struct world *w = *state;

	world_of(w, DEP, "softdep d_x pre: e\nsoftdep e pre: d-x\n");
	assert_both(w, "e", "load c?; cycle e?; load d_x?; load e", NULL);
	/* What the softdep of c needs is c itself. */
	world_file(w, WORLD_CONF, "softdep c pre: b\n");
	world_open(w);
	assert_dialects(w, "c", "cycle c?; load c; load b?",
			"cycle c?; load c; load b?; load c");
	world_file(w, WORLD_CONF, "softdep e post: c\nsoftdep c post: e\n");
	world_open(w);
	assert_both(w, "e", "load e; load c?", NULL);
	world_file(w, WORLD_CONF, "softdep e pre: e post: e\n");
	world_open(w);
	assert_both(w, "e", "cycle e?; load e", NULL);
}

static void test_missing(void **state)
{
	struct world *w = *state;
	char path[SCRATCH_PATH];

	world_of(w, DEP, "softdep e pre: not-there\nalias lost gone\n");
	assert_both(w, "e", "missing not_there?; load e", NULL);
	assert_both(w, "lost", "missing gone", "plan.missing");
	assert_int_equal(unlink(scratch_name(&w->s, WORLD_DIR "/k/c.ko", path)),
			 0);
	assert_both(w, "b", "missing c; load b", "plan.missing");
}

static void test_blacklist(void **state)
{
	struct world *w = *state;

	world_of(w, DEP,
		 "alias two b\nalias two e\nalias one e\n\n"
		 "blacklist e\nblacklist c\n");
	/* By name it loads; and what it needs loads in any case. */
	assert_both(w, "e", "load e", NULL);
	assert_both(w, "b", "load c; load b", NULL);
	assert_both(w, "one", "refused e test.conf:5", "plan.blacklisted");
	assert_both(w, "two", "load c; load b; refused e? test.conf:5", NULL);
	w->req.flags = LKM_PLAN_BLACKLIST;
	assert_both(w, "e", "refused e test.conf:5", "plan.blacklisted");
}

static void test_forbid(void **state)
{
	struct world *w = *state;
	struct lkm_plan *plan;

	world_of(w, DEP, "alias one c\nsoftdep e pre: d-x c\n");
	assert_int_equal(lkm_policy_forbid(w->s.root, "c", NULL), 0);
	world_open(w);
	for (int d = LKM_DIALECT_LKM; d <= LKM_DIALECT_KMOD; d++) {
		w->in.dialect = (enum lkm_dialect)d;
		/* By name, by alias, as something needed. */
		plan = world_load(w, "c");
		assert_int_equal(lkm_plan_count(plan), 1);
		assert_int_equal(lkm_plan_step(plan, 0)->kind,
				 LKM_STEP_REFUSED);
		assert_int_equal(lkm_plan_verdict(plan, NULL), -LKM_EREFUSED);
		lkm_plan_free(plan);
		plan = world_load(w, "one");
		assert_int_equal(lkm_plan_verdict(plan, NULL), -LKM_EREFUSED);
		lkm_plan_free(plan);
		plan = world_load(w, "b");
		assert_int_equal(lkm_plan_verdict(plan, NULL), -LKM_EREFUSED);
		lkm_plan_free(plan);
		/* A softdep is left out, and what would pull it in. */
		plan = world_load(w, "e");
		assert_int_equal(lkm_plan_count(plan), 3);
		assert_string_equal(lkm_plan_step(plan, 0)->module, "d_x");
		assert_int_equal(lkm_plan_step(plan, 0)->kind,
				 LKM_STEP_REFUSED);
		assert_string_equal(lkm_plan_step(plan, 0)->note,
				    "left out: it needs c");
		assert_string_equal(lkm_plan_step(plan, 1)->module, "c");
		assert_int_equal(lkm_plan_step(plan, 1)->kind,
				 LKM_STEP_REFUSED);
		assert_true(lkm_plan_step(plan, 1)->optional);
		assert_int_equal(lkm_plan_verdict(plan, NULL), 0);
		lkm_plan_free(plan);
	}
	/* Nothing is loaded where it is there already. */
	world_loaded(w, "c", 0, "");
	assert_both(w, "b", "loaded c; load b", NULL);
}

static void test_forbid_ids(void **state)
{
	struct world *w = *state;
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;

	world_of(w, DEP, "");
	assert_int_equal(lkm_policy_forbid(w->s.root, "c", NULL), 0);
	world_open(w);
	plan = world_load(w, "c");
	assert_true(lkm_plan_verdict(plan, &e) < 0);
	assert_non_null(strstr(lkm_error_get(e, "file"), "lkm.conf"));
	assert_error(e, "plan.forbidden");
	lkm_plan_free(plan);
	plan = world_load(w, "b");
	assert_true(lkm_plan_verdict(plan, &e) < 0);
	assert_string_equal(lkm_error_get(e, "wanted-by"), "b");
	assert_error(e, "plan.forbidden.dependency");
	lkm_plan_free(plan);
}

static void test_loaded(void **state)
{
	struct world *w = *state;
	struct lkm_loaded coming = { .name = "e",
				     .taints = "",
				     .state = LKM_STATE_COMING };
	struct lkm_plan *plan;

	world_of(w, DEP, "softdep b post: d_x\n");
	world_loaded(w, "c", 1, "a");
	world_loaded(w, "a", 0, "");
	assert_true(lkm_facts_add(w->facts, &coming));
	assert_both(w, "a", "loaded a", NULL);
	assert_dialects(w, "b", "loaded c; load b; load d_x?",
			"loaded c; load b; loaded c; load d_x?");
	plan = world_load(w, "e");
	assert_string_equal(world_render(w, plan), "load e");
	assert_non_null(lkm_plan_step(plan, 0)->note);
	lkm_plan_free(plan);
	w->req.flags = LKM_PLAN_IGNORE_LOADED;
	assert_dialects(w, "a", "load c; load b; load d_x?; load a",
			"load c; load b; load c; load d_x?; load a");
}

static void test_builtin(void **state)
{
	struct world *w = *state;

	world_file(w, WORLD_DIR "/modules.builtin", "kernel/e.ko\n");
	world_of(w, DEP, "softdep e pre: c\ninstall e /bin/true\n");
	/* In the kernel already: nothing happens, as with kmod. */
	assert_both(w, "e", "builtin e", NULL);
	w->req.flags = LKM_PLAN_IGNORE_LOADED;
	assert_both(w, "e", "load c?; install e {/bin/true}", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_order),
		cmocka_unit_test(test_names),
		world_test(test_lookup_order),
		world_test(test_not_found),
		world_test(test_options),
		world_test(test_install),
		world_test(test_install_with_softdep),
		world_test(test_softdep_merge),
		world_test(test_once),
		world_test(test_softdep_order),
		world_test(test_cycle),
		world_test(test_missing),
		world_test(test_blacklist),
		world_test(test_forbid),
		world_test(test_forbid_ids),
		world_test(test_loaded),
		world_test(test_builtin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
