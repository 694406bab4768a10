// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit tests of the value container for what is known of a kernel.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lkm/facts.h>
#include <stdio.h>
#include <string.h>

static void test_empty(void **state)
{
	struct lkm_facts *f = lkm_facts_new();
	size_t count = 7;

	lkm_facts_modules(f, &count);
	assert_int_equal(count, 0);
	assert_null(lkm_facts_loaded(f, "loop"));
	for (int i = 0; i < LKM_FACT_COUNT_; i++) {
		assert_null(lkm_facts_text(f, (enum lkm_fact)i));
		assert_int_equal(lkm_facts_known(f, (enum lkm_fact)i),
				 LKM_UNKNOWN);
	}
	lkm_facts_free(f);
	lkm_facts_free(NULL);
}

static void test_copies(void **state)
{
	struct lkm_facts *f = lkm_facts_new();
	char name[] = "snd_pcm", holder[] = "snd_hda";
	const char *holders[] = { holder };
	struct lkm_loaded m = { .name = name,
				.size = 4096,
				.refcount = 1,
				.holders = holders,
				.holder_count = 1,
				.state = LKM_STATE_COMING };
	const struct lkm_loaded *got;

	assert_true(lkm_facts_add(f, &m));
	memset(name, 'x', sizeof(name) - 1);
	memset(holder, 'x', sizeof(holder) - 1);
	holders[0] = NULL;
	got = lkm_facts_loaded(f, "snd-pcm");
	assert_non_null(got);
	assert_string_equal(got->name, "snd_pcm");
	assert_string_equal(got->holders[0], "snd_hda");
	assert_string_equal(got->taints, "");
	assert_null(got->version);
	assert_int_equal(got->state, LKM_STATE_COMING);
	assert_null(lkm_facts_loaded(f, "snd"));
	assert_null(lkm_facts_loaded(f, ""));
	lkm_facts_free(f);
}

static void test_order_and_many(void **state)
{
	struct lkm_facts *f = lkm_facts_new();
	const struct lkm_loaded *all;
	char name[32];
	size_t count;

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "mod_%d", i);
		assert_true(lkm_facts_add(
			f, &(struct lkm_loaded){ .name = name,
						 .size = (uint64_t)i }));
	}
	all = lkm_facts_modules(f, &count);
	assert_int_equal(count, 500);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "mod-%zu", i);
		assert_int_equal(all[i].size, i);
		assert_ptr_equal(lkm_facts_loaded(f, name), &all[i]);
	}
	lkm_facts_free(f);
}

static void test_single_facts(void **state)
{
	struct lkm_facts *f = lkm_facts_new();

	assert_true(lkm_facts_set_text(f, LKM_FACT_RELEASE, "6.1.0"));
	assert_string_equal(lkm_facts_text(f, LKM_FACT_RELEASE), "6.1.0");
	assert_null(lkm_facts_text(f, LKM_FACT_MACHINE));
	assert_true(lkm_facts_set_text(f, LKM_FACT_RELEASE, NULL));
	assert_null(lkm_facts_text(f, LKM_FACT_RELEASE));
	lkm_facts_set_known(f, LKM_FACT_CAN_LOAD, LKM_NO);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_CAN_LOAD), LKM_NO);
	assert_int_equal(lkm_facts_known(f, LKM_FACT_SIG_ENFORCE), LKM_UNKNOWN);
	lkm_facts_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_order_and_many),
		cmocka_unit_test(test_single_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
