// SPDX-License-Identifier: LGPL-2.1-or-later
// Unloading under injected answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sandbox.h"

static struct lkm_error *refused(struct sandbox *s, const char *name,
				 unsigned int wait_ms, const char *id)
{
	struct lkm_error *e = NULL;

	assert_true(lkm_kernel_unload(s->kernel, name, 0, wait_ms, &e) < 0);
	assert_string_equal(lkm_error_id(e), id);
	return e;
}

static void check_ok(struct sandbox *s)
{
	assert_int_equal(lkm_kernel_unload(s->kernel, "a-b", 0, 0, NULL), 0);
}

static void an_idle_module_goes(void **state)
{
	struct answers a = { 0 };
	struct sandbox s;

	sandbox_open(&s);
	assert_true(sandbox_run(&s, &a, check_ok));
	sandbox_close(&s);
}

static long ms_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - then->tv_sec) * 1000 +
	       (now.tv_nsec - then->tv_nsec) / 1000000;
}

static void check_inuse(struct sandbox *s)
{
	struct timespec start;
	struct lkm_error *e;
	char *text;

	clock_gettime(CLOCK_MONOTONIC, &start);
	e = refused(s, "llc", 0, "kernel.unload.inuse");
	assert_true(ms_since(&start) < 1000);
	assert_int_equal(lkm_error_code(e), LKM_EBUSY);
	text = lkm_error_text(e);
	assert_string_equal(
		text, "'llc' is in use: by 'bridge', 'stp' and 1 other user");
	free(text);
	lkm_error_free(e);
	clock_gettime(CLOCK_MONOTONIC, &start);
	lkm_error_free(refused(s, "llc", 300, "kernel.unload.inuse"));
	assert_true(ms_since(&start) >= 298); /* whole milliseconds */
}

static void users_are_named_and_waited_for(void **state)
{
	struct answers a = { .delete_module = EAGAIN };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/modules", "llc 16384 3 bridge,stp, Live 0x0\n");
	assert_true(sandbox_run(&s, &a, check_inuse));
	sandbox_close(&s);
}

static void check_busy(struct sandbox *s)
{
	lkm_error_free(refused(s, "slow", 0, "kernel.unload.busy"));
	lkm_error_free(refused(s, "stay", 0, "kernel.unload.permanent"));
	lkm_error_free(refused(s, "plain", 0, "kernel.unload.refused"));
}

static void busy_is_told_from_permanent(void **state)
{
	struct answers a = { .delete_module = EBUSY };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/modules",
		     "slow 4096 1 - Loading 0x0\n"
		     "stay 4096 1 [permanent], Live 0x0\n"
		     "plain 4096 0 - Live 0x0\n");
	assert_true(sandbox_run(&s, &a, check_busy));
	sandbox_close(&s);
}

static void check_absent(struct sandbox *s)
{
	lkm_error_free(refused(s, "ext4", 0, "kernel.unload.builtin"));
	lkm_error_free(refused(s, "nosuch", 0, "kernel.unload.notloaded"));
}

static void not_loaded_or_built_in(void **state)
{
	struct answers a = { .delete_module = ENOENT };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "sys/module/ext4/parameters/x", "1\n");
	assert_true(sandbox_run(&s, &a, check_absent));
	sandbox_close(&s);
}

static void check_right(struct sandbox *s)
{
	lkm_error_free(refused(s, "a", 0, "kernel.permission.capability"));
}

static void the_right_is_needed_here_too(void **state)
{
	struct answers a = { .delete_module = EPERM };
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/self/status", "Name:\tx\nCapEff:\t0\n");
	assert_true(sandbox_run(&s, &a, check_right));
	sandbox_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_module_goes),
		cmocka_unit_test(users_are_named_and_waited_for),
		cmocka_unit_test(busy_is_told_from_permanent),
		cmocka_unit_test(not_loaded_or_built_in),
		cmocka_unit_test(the_right_is_needed_here_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
