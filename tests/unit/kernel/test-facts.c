// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a kernel, of recorded files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sandbox.h"

static struct lkm_facts *facts_of(struct sandbox *s)
{
	struct lkm_facts *f;

	assert_int_equal(lkm_kernel_facts(s->kernel, &f, NULL), 0);
	return f;
}

static void all_files_are_read(void **state)
{
	struct lkm_facts *f;
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/modules", "a_b 4096 0 - Live 0x0 (E)\n");
	sandbox_file(&s, "sys/module/compression", "xz\n");
	sandbox_file(&s, "sys/kernel/security/lockdown",
		     "none [integrity] confidentiality\n");
	sandbox_file(&s, "sys/module/module/parameters/sig_enforce", "Y\n");
	sandbox_file(&s, "sys/module/a_b/version", "1.2\n");
	f = facts_of(&s);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_HAS_MODULES), LKM_YES);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_MODULES_DISABLED), LKM_NO);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_SIG_ENFORCE), LKM_YES);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_CAN_LOAD), LKM_YES);
	assert_string_equal(lkm_facts_text(f, LKM_FACT_COMPRESSION), "xz");
	assert_string_equal(lkm_facts_text(f, LKM_FACT_LOCKDOWN), "integrity");
	assert_string_equal(lkm_facts_text(f, LKM_FACT_CMDLINE), "quiet");
	assert_string_equal(lkm_facts_text(f, LKM_FACT_RELEASE),
			    "6.1.0-9-test");
	/* Versions cost an open each, so only who asks gets them. */
	assert_null(lkm_facts_loaded(f, "a-b")->version);
	lkm_facts_free(f);
	sandbox_close(&s);
}

static void versions_are_read_on_demand(void **state)
{
	const char *names[] = { "a-b" };
	struct lkm_facts *f;
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/modules",
		     "a_b 1 0 - Live 0x0\nc 1 0 - Live 0x0\n");
	sandbox_file(&s, "sys/module/a_b/version", "1.2\n");
	sandbox_file(&s, "sys/module/a_b/srcversion", "ABCD\n");
	sandbox_file(&s, "sys/module/c/version", "3\n");
	assert_int_equal(lkm_kernel_facts_for(s.kernel, names, 1, &f, NULL), 0);
	assert_string_equal(lkm_facts_loaded(f, "a_b")->version, "1.2");
	assert_string_equal(lkm_facts_loaded(f, "a_b")->srcversion, "ABCD");
	assert_null(lkm_facts_loaded(f, "c")->version);
	lkm_facts_free(f);
	sandbox_close(&s);
}

static void what_is_absent_is_unknown(void **state)
{
	struct lkm_facts *f;
	struct sandbox s;

	sandbox_open(&s);
	sandbox_remove(&s, "proc/modules");
	sandbox_remove(&s, "proc/sys/kernel/modules_disabled");
	sandbox_remove(&s, "proc/self/status");
	f = facts_of(&s);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_HAS_MODULES), LKM_NO);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_MODULES_DISABLED),
			 LKM_UNKNOWN);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_SIG_ENFORCE), LKM_UNKNOWN);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_CAN_LOAD), LKM_UNKNOWN);
	assert_null(lkm_facts_text(f, LKM_FACT_COMPRESSION));
	assert_null(lkm_facts_text(f, LKM_FACT_LOCKDOWN));
	lkm_facts_free(f);
	sandbox_close(&s);
}

static void rights_are_seen(void **state)
{
	struct lkm_facts *f;
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/self/uid_map", "0 1000 1\n");
	f = facts_of(&s);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_CAN_LOAD), LKM_NO);
	lkm_facts_free(f);
	sandbox_file(&s, "proc/self/uid_map", "0 0 4294967295\n");
	sandbox_file(&s, "proc/self/status",
		     "Name:\tx\nCapEff:\t000001fffffeffff\n");
	f = facts_of(&s);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_CAN_LOAD), LKM_NO);
	lkm_facts_free(f);
	sandbox_close(&s);
}

static void nonsense_is_an_error(void **state)
{
	struct lkm_error *e = NULL;
	struct lkm_facts *f;
	struct sandbox s;

	sandbox_open(&s);
	sandbox_file(&s, "proc/modules", "what is this\n");
	assert_int_equal(lkm_kernel_facts(s.kernel, &f, &e), -LKM_EFORMAT);
	assert_string_equal(lkm_error_id(e), "kernel.proc.malformed");
	assert_string_equal(lkm_error_get(e, "line"), "1");
	lkm_error_free(e);
	sandbox_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_files_are_read),
		cmocka_unit_test(versions_are_read_on_demand),
		cmocka_unit_test(what_is_absent_is_unknown),
		cmocka_unit_test(rights_are_seen),
		cmocka_unit_test(nonsense_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
