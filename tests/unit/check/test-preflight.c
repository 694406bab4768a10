// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be said of a file before a kernel sees it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "check/preflight.h"
#include "fixture.h"

#define MAGIC "vermagic=6.1.0-9%20SMP%20preempt%20mod_unload%20modversions "
#define OTHER "vermagic=6.12.1%20SMP%20preempt%20mod_unload%20modversions "
/* A need with a CRC brings the version of module_layout, the same in all. */
#define LAYOUT "need:x:1 "
#define THIS "section:.gnu.linkonce.this_module:00 "

static int check(struct fixture *f, const char *params,
		 struct lkm_error **reterr)
{
	struct preflight_inputs in = { .path = f->file,
				       .params = params,
				       .facts = f->facts,
				       .tree = f->tree };

	return check_file(&in, reterr);
}

static struct lkm_error *finds(struct fixture *f, const char *params,
			       const char *id)
{
	struct lkm_error *e = NULL;

	assert_true(check(f, params, &e) < 0);
	assert_string_equal(lkm_error_id(e), id);
	assert_int_equal(lkm_error_basis(e), LKM_BASIS_PREFLIGHT);
	return e;
}

static void a_good_file_has_no_finding(void **state)
{
	struct fixture f;

	fixture_open(&f,
		     "name=some_mod " THIS MAGIC LAYOUT
		     "parmtype=n:int need:of_exporter:1 need:printk:2",
		     THIS MAGIC LAYOUT);
	fixture_loaded(&f, "exporter", false);
	assert_int_equal(check(&f, "n=1 nosuch=x", NULL), 0);
	fixture_close(&f);
}

/* One file, one finding; @model is the kernel's own. */
static void one(const char *recipe, const char *model, const char *params,
		const char *id)
{
	struct fixture f;

	fixture_open(&f, recipe, model);
	lkm_error_free(finds(&f, params, id));
	fixture_close(&f);
}

static void the_file_itself(void **state)
{
	one(THIS MAGIC "@truncate:100", NULL, "", "module.exec.format");
	one(THIS MAGIC "@set:e_type=2", NULL, "", "module.exec.format");
	one(THIS MAGIC "machine:183", NULL, "", "module.exec.format");
	one(MAGIC, NULL, "", "module.exec.format");
	one(THIS "parmtype=n:int", NULL, "n=many", "module.param.invalid");
	one(THIS "need:of_exporter", NULL, "", "module.symbol.notloaded");
}

static void another_kernel(void **state)
{
	struct lkm_error *e;
	struct fixture f;

	/* the first byte of __versions, which follows .modinfo */
	fixture_open(&f, THIS OTHER LAYOUT "@flip:128", THIS MAGIC LAYOUT);
	e = finds(&f, "", "module.layout.mismatch");
	assert_string_equal(lkm_error_get(e, "built"), "6.12.1");
	assert_string_equal(lkm_error_get(e, "running"), "6.1.0-9");
	lkm_error_free(e);
	fixture_close(&f);
	/* With symbol versions the release in the magic does not count. */
	fixture_open(&f, THIS OTHER LAYOUT, THIS MAGIC LAYOUT);
	assert_int_equal(check(&f, "", NULL), 0);
	fixture_close(&f);
	one(THIS OTHER, THIS MAGIC, "", "module.vermagic.mismatch");
	one(THIS LAYOUT "vermagic=6.1.0-9%20SMP%20mod_unload%20modversions",
	    THIS MAGIC LAYOUT, "", "module.vermagic.mismatch");
}

static void what_the_kernel_was_told(void **state)
{
	struct fixture f;

	fixture_open(&f, "name=some_mod " THIS, NULL);
	assert_true(lkm_facts_set_text(f.facts, LKM_FACT_CMDLINE,
				       "quiet module_blacklist=x,some_mod ro"));
	lkm_error_free(finds(&f, "", "module.blacklisted.cmdline"));
	assert_true(
		lkm_facts_set_text(f.facts, LKM_FACT_LOCKDOWN, "integrity"));
	lkm_error_free(finds(&f, "", "kernel.lockdown"));
	lkm_facts_set_known(f.facts, LKM_FACT_SIG_ENFORCE, LKM_YES);
	lkm_error_free(finds(&f, "", "module.signature.required"));
	fixture_close(&f);
	fixture_open(&f, "name=some_mod " THIS "sign:64", NULL);
	lkm_facts_set_known(f.facts, LKM_FACT_SIG_ENFORCE, LKM_YES);
	assert_int_equal(check(&f, "", NULL), 0);
	assert_true(lkm_facts_set_text(f.facts, LKM_FACT_CMDLINE,
				       "module_blacklist=some,mod,some_mod_x"));
	assert_int_equal(check(&f, "", NULL), 0);
	fixture_close(&f);
}

static void without_facts_less_is_known(void **state)
{
	struct preflight_inputs in = { 0 };
	struct fixture f;

	fixture_open(&f, THIS "machine:183 need:of_exporter", NULL);
	in.path = f.file;
	assert_int_equal(check_file(&in, NULL), 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_has_no_finding),
		cmocka_unit_test(the_file_itself),
		cmocka_unit_test(another_kernel),
		cmocka_unit_test(what_the_kernel_was_told),
		cmocka_unit_test(without_facts_less_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
