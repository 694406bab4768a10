// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit tests of plans for module files, and of loaded modules beside files.
#include "world.h"

#include "../../common/module-builder.h"

#define DEP "k/a.ko: k/b.ko\nk/b.ko:\nk/c.ko: k/b.ko\nk/d.ko:\n"

static const char *module_file(struct world *w, const char *path,
			       const char *recipe, char *ret)
{
	scratch_folder(&w->s, path);
	scratch_name(&w->s, path, ret);
	module_write(recipe, ret);
	return ret;
}

/* Its name is the modinfo's, its needs are those of the index. */
static void test_known(void **state)
{
	struct world *w = *state;
	char path[SCRATCH_PATH];
	struct lkm_plan *plan;

	world_of(w, DEP, "options a x=1\nblacklist a\n");
	module_file(w, "/x/other.ko", "name=a srcversion=S1", path);
	assert_dialects(w, path, "load b; load a [x=1]",
			"load b; load a [x=1 ]");
	plan = world_load(w, path);
	assert_string_equal(lkm_plan_step(plan, 1)->path, path);
	assert_string_equal(lkm_plan_via(plan), "file");
	lkm_plan_free(plan);
}

/* Rule file-symbols. */
static void test_stranger(void **state)
{
	struct world *w = *state;
	char path[SCRATCH_PATH];

	world_file(w, WORLD_DIR "/modules.symbols",
		   "alias symbol:c_fun c\nalias symbol:d_fun d\n"
		   "alias symbol:b_fun b\n");
	world_of(w, DEP, "");
	module_file(w, "/x/new.ko",
		    "name=new need:printk need:c_fun need:b_fun weak:d_fun",
		    path);
	assert_dialects(w, path, "load b; load c; load d; load new",
			"load new");
}

static void test_refused(void **state)
{
	struct world *w = *state;
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;
	char path[SCRATCH_PATH];

	world_of(w, DEP, "");
	assert_int_equal(lkm_policy_forbid(w->s.root, "evil", NULL), 0);
	world_open(w);
	module_file(w, "/x/harmless.ko", "name=evil", path);
	plan = world_load(w, path);
	assert_true(lkm_plan_verdict(plan, &e) < 0);
	assert_error(e, "plan.forbidden");
	lkm_plan_free(plan);
	/* A file of the tree, asked for and needed, that holds another */
	module_file(w, WORLD_DIR "/k/b.ko", "name=evil", path);
	plan = world_load(w, "b");
	assert_int_equal(lkm_plan_step(plan, 0)->kind, LKM_STEP_REFUSED);
	assert_true(lkm_plan_verdict(plan, &e) < 0);
	assert_string_equal(lkm_error_get(e, "module"), "evil");
	assert_error(e, "plan.forbidden");
	lkm_plan_free(plan);
	plan = world_load(w, "a");
	assert_true(lkm_plan_verdict(plan, &e) < 0);
	assert_string_equal(lkm_error_get(e, "wanted-by"), "a");
	assert_error(e, "plan.forbidden.dependency");
	lkm_plan_free(plan);
	world_file(w, "/x/text.ko", "no module");
	w->req.name = scratch_name(&w->s, "/x/text.ko", path);
	assert_true(lkm_plan_load(&w->in, &w->req, &plan, NULL) < 0);
	w->req.name = "./nowhere/at-all.ko";
	assert_true(lkm_plan_load(&w->in, &w->req, &plan, NULL) < 0);
}

static void add(struct world *w, const char *name, const char *version,
		const char *srcversion)
{
	struct lkm_loaded m = { .name = name,
				.taints = "",
				.version = version,
				.srcversion = srcversion };

	if (!w->facts)
		w->facts = lkm_facts_new();
	assert_true(lkm_facts_add(w->facts, &m));
	w->in.facts = w->facts;
}

static const char *note_of(struct world *w, const char *name,
			   struct lkm_plan **ret)
{
	lkm_plan_free(*ret);
	*ret = world_load(w, name);
	assert_int_equal(lkm_plan_step(*ret, 0)->kind, LKM_STEP_LOADED);
	return lkm_plan_step(*ret, 0)->note;
}

/* Rule loaded-version. */
static void test_loaded_version(void **state)
{
	struct world *w = *state;
	struct lkm_plan *plan = NULL;
	char path[SCRATCH_PATH];

	world_of(w, DEP, "");
	module_file(w, WORLD_DIR "/k/b.ko", "name=b srcversion=S1", path);
	module_file(w, WORLD_DIR "/k/d.ko", "name=d version=1.0", path);
	add(w, "b", "9", "S2");
	add(w, "d", "2.0", NULL);
	add(w, "c", NULL, "S3");
	assert_string_equal(note_of(w, "b", &plan),
			    "srcversion S2 is loaded, the file has S1");
	assert_string_equal(note_of(w, "d", &plan),
			    "version 2.0 is loaded, the file has 1.0");
	assert_null(note_of(w, "c", &plan));
	w->in.dialect = LKM_DIALECT_KMOD;
	assert_null(note_of(w, "b", &plan));
	lkm_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_known),
		world_test(test_stranger),
		world_test(test_refused),
		world_test(test_loaded_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
