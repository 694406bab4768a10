// SPDX-License-Identifier: LGPL-2.1-or-later
// The directives of depmod.d as values.
#include "scratch.h"

#include "policy/depmod.h"

static void load(const struct scratch *s, const char *text,
		 struct depmod_policy *ret)
{
	struct root r;
	const struct depmod_source source = { &r, "6.1.0-50-amd64", NULL, 0 };

	scratch_write(s, "/etc/depmod.d/a.conf", text);
	assert_int_equal(root_open(&r, s->root), 0);
	assert_int_equal(depmod_policy_load(&source, ret, NULL), 0);
	root_release(&r);
}

static void test_directives(void **state)
{
	struct depmod_policy p = { 0 };

	load(*state,
	     "# comment\nsearch updates built-in external\n"
	     "override a ^6\\\\.1 extra\noverride b ^5 extra\n"
	     "override c * kernel/fs\nexternal amd64$ /opt\nexclude x y\n",
	     &p);
	assert_int_equal(p.searches.len, 3);
	assert_string_equal(p.searches.data[0].folder, "updates");
	assert_int_equal(p.searches.data[1].kind, DEPMOD_SEARCH_BUILT_IN);
	assert_int_equal(p.searches.data[2].kind, DEPMOD_SEARCH_EXTERNAL);
	assert_int_equal(p.overrides.len, 2);
	assert_string_equal(p.overrides.data[0], "extra/a");
	assert_string_equal(p.overrides.data[1], "kernel/fs/c");
	assert_int_equal(p.externals.len, 1);
	assert_true(depmod_policy_excludes(&p, "y"));
	assert_false(depmod_policy_excludes(&p, "z"));
	assert_int_equal(p.warnings.len, 0);
	depmod_policy_release(&p);
}

/* Each would cost glibc's regcomp(3) seconds or gigabytes. */
static void test_hostile_patterns(void **state)
{
	struct depmod_policy p = { 0 };

	load(*state,
	     "override a a{1000}{1000} x\noverride a 6++++++++++++++++++++4 x\n"
	     "override a (6)\\\\1 x\noverride a ((((((((((6+)+)+)+)+)+)+)+)+) x\n"
	     "override a ( x\noverride a 6+.1+ x\n",
	     &p);
	assert_int_equal(p.overrides.len, 1);
	assert_int_equal(p.warnings.len, 5);
	for (size_t i = 0; i < p.warnings.len; i++) {
		char line[24];

		snprintf(line, sizeof(line), "%zu", i + 1);
		assert_string_equal(lkm_error_id(p.warnings.data[i]),
				    "tree.config");
		assert_string_equal(lkm_error_get(p.warnings.data[i], "line"),
				    line);
	}
	depmod_policy_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_directives),
		scratch_test(test_hostile_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
