// SPDX-License-Identifier: LGPL-2.1-or-later
// Parameters of loaded modules, of recorded files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox.h"

static void mode(struct sandbox *s, const char *path, mode_t m)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	assert_int_equal(chmod(full, m), 0);
}

static void they_are_listed(void **state)
{
	struct lkm_param *params;
	struct sandbox s;
	size_t count;

	sandbox_open(&s);
	sandbox_file(&s, "sys/module/a_b/parameters/two", "N\n");
	sandbox_file(&s, "sys/module/a_b/parameters/one", "1,2\n");
	mode(&s, "sys/module/a_b/parameters/two", 0444);
	sandbox_file(&s, "sys/module/plain/refcnt", "0\n");
	assert_int_equal(
		lkm_kernel_params(s.kernel, "a-b", &params, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(params[0].name, "one");
	assert_string_equal(params[0].value, "1,2");
	assert_true(params[0].writable);
	assert_string_equal(params[1].name, "two");
	assert_string_equal(params[1].value, "N");
	assert_false(params[1].writable);
	lkm_params_free(params, count);
	assert_int_equal(
		lkm_kernel_params(s.kernel, "plain", &params, &count, NULL), 0);
	assert_int_equal(count, 0);
	lkm_params_free(params, count);
	sandbox_close(&s);
}

static void fails(struct sandbox *s, const char *module, const char *param,
		  const char *id)
{
	struct lkm_error *e = NULL;

	assert_true(lkm_kernel_set_param(s->kernel, module, param, "7", &e) <
		    0);
	assert_string_equal(lkm_error_id(e), id);
	lkm_error_free(e);
}

static void they_are_set(void **state)
{
	struct lkm_error *e = NULL;
	struct lkm_param *params;
	struct sandbox s;
	size_t count;

	sandbox_open(&s);
	sandbox_file(&s, "sys/module/a/parameters/x_y", "1\n");
	sandbox_file(&s, "sys/module/a/parameters/ro", "1\n");
	mode(&s, "sys/module/a/parameters/ro", 0444);
	assert_int_equal(lkm_kernel_set_param(s.kernel, "a", "x-y", "7", &e),
			 0);
	assert_int_equal(lkm_kernel_params(s.kernel, "a", &params, &count, &e),
			 0);
	assert_string_equal(params[1].value, "7");
	lkm_params_free(params, count);
	fails(&s, "a", "ro", "kernel.param.readonly");
	fails(&s, "a", "nosuch", "kernel.param.unknown");
	fails(&s, "a", "../a/parameters/x_y", "kernel.param.unknown");
	fails(&s, "a", "", "kernel.param.unknown");
	fails(&s, "b", "x", "kernel.unload.notloaded");
	fails(&s, "../module/a", "x_y", "kernel.unload.notloaded");
	sandbox_close(&s);
}

static void a_refused_value_is_told(void **state)
{
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "sys/module/a/parameters/keep", "1\n");
	/* /dev/full answers ENOSPC to a write, as a setter could */
	{
		char full[256];

		snprintf(full, sizeof(full), "%s/sys/module/a/parameters/x",
			 s.dir);
		assert_int_equal(symlink("/dev/full", full), 0);
	}
	fails(&s, "a", "x", "kernel.param.rejected");
	sandbox_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_listed),
		cmocka_unit_test(they_are_set),
		cmocka_unit_test(a_refused_value_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
