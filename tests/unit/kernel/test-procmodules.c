// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines of /proc/modules as kernels write them, and as none does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "kernel/procmodules.h"

static bool copy_to_facts(void *ctx, struct lkm_loaded *m)
{
	return lkm_facts_add(ctx, m);
}

static int parse(const char *text, struct lkm_facts *facts, unsigned int *line)
{
	return procmodules_parse(
		(struct span){ (const uint8_t *)text, strlen(text) },
		copy_to_facts, facts, line);
}

static void every_column_is_read(void **state)
{
	struct lkm_facts *f = lkm_facts_new();
	const struct lkm_loaded *m;
	unsigned int line = 0;
	size_t count;

	assert_int_equal(
		parse("bridge 311296 0 - Live 0xffffffffc0a00000\n"
		      "llc 16384 2 bridge,stp, Live 0xffffffffc0288000 (OE)\n"
		      "slow 4096 1 - Loading 0x0000000000000000\n"
		      "stay 12288 1 x,[permanent], Live 0x0\n"
		      "old 4096 - - Unloading 0x0\n",
		      f, &line),
		0);
	lkm_facts_modules(f, &count);
	assert_int_equal(count, 5);
	m = lkm_facts_loaded(f, "llc");
	assert_int_equal(m->size, 16384);
	assert_int_equal(m->refcount, 2);
	assert_int_equal(m->holder_count, 2);
	assert_string_equal(m->holders[0], "bridge");
	assert_string_equal(m->holders[1], "stp");
	assert_string_equal(m->taints, "OE");
	assert_true(m->address == 0xffffffffc0288000);
	m = lkm_facts_loaded(f, "bridge");
	assert_int_equal(m->holder_count, 0);
	assert_string_equal(m->taints, "");
	assert_int_equal(lkm_facts_loaded(f, "slow")->state, LKM_STATE_COMING);
	assert_int_equal(lkm_facts_loaded(f, "stay")->refcount, -1);
	assert_int_equal(lkm_facts_loaded(f, "stay")->holder_count, 1);
	assert_int_equal(lkm_facts_loaded(f, "old")->refcount, -1);
	assert_int_equal(lkm_facts_loaded(f, "old")->state, LKM_STATE_GOING);
	lkm_facts_free(f);
}

static void a_malformed_line_is_named(void **state)
{
	static const char *const bad[] = {
		"a 1 0 - Live 0x0\nb\n",
		"a 1 0 - Live 0x0\nb x 0 - Live 0x0\n",
		"a 1 0 - Live 0x0\nb 1 -5 - Live 0x0\n",
		"a 1 0 - Live 0x0\nb 1 0 - Dead 0x0\n",
		"a 1 0 - Live 0x0\nb 1 0 - Live here\n",
		"a 1 0 - Live 0x0\nb 99999999999999999999 0 - Live 0x0\n",
		"a 1 0 - Live 0x0\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbbbbbbbbbbbb 1 0 - Live 0x0\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lkm_facts *f = lkm_facts_new();
		unsigned int line = 0;

		assert_int_equal(parse(bad[i], f, &line), -EBADMSG);
		assert_int_equal(line, 2);
		lkm_facts_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_column_is_read),
		cmocka_unit_test(a_malformed_line_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
