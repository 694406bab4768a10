// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit tests of why a module is loaded, would be, or would not be.
#include "world.h"

#define DEP "k/a.ko: k/b-c.ko\nk/b-c.ko:\n"

static struct lkm_reasons *explain(struct world *w, const char *name)
{
	struct lkm_reasons *r = NULL;

	assert_int_equal(lkm_plan_explain(&w->in, w->s.root, name, &r, NULL),
			 0);
	return r;
}

/* Is there exactly one of @relation, as the others say? */
static void assert_reason(const struct lkm_reasons *r, const char *relation,
			  const char *subject, const char *file,
			  unsigned int line)
{
	size_t found = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct lkm_reason *x = &r->items[i];

		if (strcmp(x->relation, relation))
			continue;
		found++;
		assert_string_equal(x->subject, subject);
		assert_int_equal(x->line, line);
		if (file)
			assert_string_equal(x->file, file);
		else
			assert_null(x->file);
	}
	assert_int_equal(found, 1);
}

static void test_all(void **state)
{
	struct world *w = *state;
	struct lkm_reasons *r;

	world_file(w, WORLD_DIR "/modules.alias", "alias pci:v1* b_c\n");
	world_file(w, "/etc/modules-load.d/x.conf",
		   "# b_c\n; b_c\n\n  b-c\nother\n");
	world_of(w, DEP,
		 "alias usb:* b_c\nblacklist b-c\noptions b_c x=1\n"
		 "install b_* /bin/false\nremove b_c bye\n"
		 "softdep a pre: z post: b-c\nweakdep q b_c\n"
		 "softdep other pre: b_cc\n");
	world_loaded(w, "b_c", 3, "a");
	lkm_facts_set_text(w->facts, LKM_FACT_CMDLINE,
			   "quiet modules_load=x,b-c,y root=b_c");
	r = explain(w, "b-c");
	assert_string_equal(r->module, "b_c");
	assert_reason(r, "loaded", "", NULL, 0);
	assert_reason(r, "held-by", "a", NULL, 0);
	assert_reason(r, "users", "", NULL, 0);
	assert_reason(r, "alias", "usb:*", WORLD_CONF, 1);
	assert_reason(r, "blacklist", "", WORLD_CONF, 2);
	assert_reason(r, "options", "", WORLD_CONF, 3);
	assert_reason(r, "install", "b_*", WORLD_CONF, 4);
	assert_reason(r, "remove", "b_c", WORLD_CONF, 5);
	assert_reason(r, "softdep-of", "a", WORLD_CONF, 6);
	assert_reason(r, "weakdep-of", "q", WORLD_CONF, 7);
	assert_reason(r, "modules-load", "", "/etc/modules-load.d/x.conf", 4);
	assert_reason(r, "cmdline", "modules_load", "/proc/cmdline", 0);
	assert_reason(r, "modules.alias", "pci:v1*", WORLD_DIR "/modules.alias",
		      0);
	assert_reason(r, "needed-by", "a", WORLD_DIR "/modules.dep", 0);
	/* It outlives what it was made from. */
	world_close(w);
	assert_reason(r, "held-by", "a", NULL, 0);
	lkm_reasons_free(r);
	lkm_reasons_free(NULL);
}

static void test_forbidden(void **state)
{
	struct world *w = *state;
	struct lkm_reasons *r;
	size_t found = 0;

	world_of(w, DEP, "");
	assert_int_equal(lkm_policy_forbid(w->s.root, "a", NULL), 0);
	world_open(w);
	r = explain(w, "a");
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->items[i].relation, "forbid"))
			found++;
	assert_int_equal(found, 1);
	lkm_reasons_free(r);
}

static void test_nothing(void **state)
{
	struct world *w = *state;
	struct lkm_reasons *r;

	world_file(w, WORLD_DIR "/modules.builtin", "kernel/bi.ko\n");
	world_of(w, DEP, "");
	r = explain(w, "nothing");
	assert_int_equal(r->count, 0);
	lkm_reasons_free(r);
	r = explain(w, "");
	assert_int_equal(r->count, 0);
	lkm_reasons_free(r);
	r = explain(w, "bi");
	assert_int_equal(r->count, 1);
	assert_reason(r, "builtin", "", WORLD_DIR "/modules.builtin", 0);
	lkm_reasons_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_all),
		world_test(test_forbidden),
		world_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
