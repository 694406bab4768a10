// SPDX-License-Identifier: LGPL-2.1-or-later
// Strings, arrays, maps, arenas and the thread pool under many items.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/strbuf.h"
#include "base/vec.h"

#define MANY 5000

static void strings_grow(void **state)
{
	struct strbuf b = { 0 };
	char *taken;

	assert_string_equal(strbuf_str(&b), "");
	for (int i = 0; i < MANY; i++)
		assert_true(strbuf_addf(&b, "%d,", i));
	assert_int_equal(strlen(strbuf_str(&b)), b.len);
	assert_memory_equal(b.data, "0,1,2,", 6);
	strbuf_clear(&b);
	assert_true(strbuf_adds(&b, "ab") && strbuf_addc(&b, 'c') &&
		    strbuf_add(&b, "d\0e", 3));
	assert_int_equal(b.len, 6);
	taken = strbuf_take(&b);
	assert_memory_equal(taken, "abcd\0e", 7);
	free(taken);
	assert_null(b.data);
}

static void a_failed_string_is_not_taken(void **state)
{
	struct strbuf b = { 0 };

	assert_true(strbuf_adds(&b, "x"));
	b.failed = true;
	assert_null(strbuf_take(&b));
	strbuf_release(&b);
	/* a size that no memory has */
	assert_false(strbuf_add(&b, "x", SIZE_MAX / 2));
	assert_true(b.failed);
	strbuf_release(&b);
}

static void arrays_grow(void **state)
{
	VEC(int) v = { 0 };

	for (int i = 0; i < MANY; i++)
		assert_true(vec_push(&v, i * 2));
	assert_int_equal(v.len, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(v.data[i], i * 2);
	vec_release(&v);
	assert_null(v.data);
}

static void maps_find_what_was_set(void **state)
{
	struct map m = { 0 };
	struct arena a = { 0 };
	size_t seen = 0;
	char key[16];

	assert_null(map_get(&m, "nothing"));
	for (uintptr_t i = 1; i <= MANY; i++) {
		snprintf(key, sizeof(key), "k%zu", (size_t)i);
		assert_true(map_set(&m, arena_strdup(&a, key), (void *)i));
	}
	assert_int_equal(m.count, MANY);
	for (uintptr_t i = 1; i <= MANY; i++) {
		snprintf(key, sizeof(key), "k%zu", (size_t)i);
		assert_ptr_equal(map_get(&m, key), (void *)i);
	}
	assert_ptr_equal(map_get_len(&m, "k12345", 3), (void *)12);
	assert_null(map_get(&m, "k0"));
	assert_true(map_set(&m, "k1", (void *)77));
	assert_int_equal(m.count, MANY);
	assert_ptr_equal(map_get(&m, "k1"), (void *)77);
	map_foreach(&m, slot)
		seen++;
	assert_int_equal(seen, MANY);
	map_release(&m);
	arena_release(&a);
}

static void arenas_are_adopted(void **state)
{
	struct arena a = { 0 }, b = { 0 };
	char *large, *one, *two;
	double *number;

	one = arena_strndup(&a, "one more", 3);
	two = arena_strdup(&b, "two");
	large = arena_alloc(&b, 3 << 20);
	number = arena_zalloc(&b, sizeof(*number));
	assert_non_null(large);
	memset(large, 1, 3 << 20);
	assert_int_equal((uintptr_t)number % _Alignof(double), 0);
	assert_true(*number == 0.0);
	arena_adopt(&a, &b);
	assert_null(b.blocks);
	arena_release(&b);
	assert_string_equal(one, "one");
	assert_string_equal(two, "two");
	arena_release(&a);
}

static void count_item(void *ctx, unsigned int worker, size_t item)
{
	unsigned int *runs = ctx;

	assert_true(worker < 4);
	__atomic_add_fetch(&runs[item], 1, __ATOMIC_RELAXED);
}

static void each_item_runs_once(void **state)
{
	static unsigned int runs[MANY];

	pool_run(4, MANY, count_item, runs);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(runs[i], 1);
	pool_run(4, 0, count_item, runs);
	assert_int_equal(runs[0], 1);
	assert_in_range(pool_default_threads(), 1, POOL_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_grow),
		cmocka_unit_test(a_failed_string_is_not_taken),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(maps_find_what_was_set),
		cmocka_unit_test(arenas_are_adopted),
		cmocka_unit_test(each_item_runs_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
