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
#include "base/dl.h"
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

/* What a map is given by length may hold anything. */
static void map_keys_are_whole(void **state)
{
	struct map m = { 0 };
	struct map_slot *slot;

	assert_true(map_set(&m, "a", (void *)1));
	assert_true(map_set(&m, "", (void *)2));
	assert_null(map_get_len(&m, "a\0b", 3));
	assert_null(map_get_len(&m, "a\0", 2));
	assert_ptr_equal(map_get_len(&m, "ab", 1), (void *)1);
	assert_ptr_equal(map_get_len(&m, "ab", 0), (void *)2);
	slot = map_slot_of(&m, "new");
	assert_null(slot->value);
	slot->value = (void *)3;
	assert_ptr_equal(map_slot_of(&m, "new"), slot);
	assert_ptr_equal(map_get(&m, "new"), (void *)3);
	assert_int_equal(m.count, 3);
	map_release(&m);
	assert_null(map_get(&m, "a"));
}

static void arenas_go_on(void **state)
{
	struct arena a = { 0 }, b = { 0 };
	char *strings[1000];

	/* a first item larger than a block, then small ones, then adopt */
	assert_non_null(arena_alloc(&a, 1 << 20));
	for (int i = 0; i < 500; i++) {
		char text[200];

		snprintf(text, sizeof(text), "%0*d", 1 + i % 190, i);
		strings[i] = arena_strdup(&a, text);
	}
	assert_non_null(arena_strdup(&b, "b"));
	arena_adopt(&a, &b);
	arena_adopt(&a, &b);
	for (int i = 500; i < 1000; i++) {
		double *number = arena_alloc(&a, sizeof(*number));

		assert_int_equal((uintptr_t)number % _Alignof(double), 0);
		*number = i;
		strings[i] = arena_strndup(&a, "xyz", (size_t)i % 4);
	}
	for (int i = 0; i < 500; i++)
		assert_int_equal(strtol(strings[i], NULL, 10), i);
	for (int i = 500; i < 1000; i++)
		assert_int_equal(strlen(strings[i]), i % 4);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_strndup(&a, "x", SIZE_MAX));
	arena_release(&a);
	arena_release(&a);
}

static void libraries_are_loaded_when_needed(void **state)
{
	size_t (*length)(const char *) = NULL;
	void *other = NULL;
	const char *missing = NULL;
	const struct dl_symbol symbols[] = {
		{ "strlen", (void **)&length },
		{ "no_such_function", &other },
	};

	assert_int_equal(dl_load("libc.so.6", symbols, 1, NULL), 0);
	assert_int_equal(length("four"), 4);
	assert_int_equal(dl_load("libc.so.6", symbols, 2, &missing), -ENOSYS);
	assert_string_equal(missing, "no_such_function");
	assert_null(other);
	assert_int_equal(dl_load("libno-such.so.1", symbols, 1, NULL), -ENOENT);
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
	pool_run(0, 1, count_item, runs);
	assert_int_equal(runs[0], 2);
	runs[0] = 1;
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
		cmocka_unit_test(map_keys_are_whole),
		cmocka_unit_test(arenas_are_adopted),
		cmocka_unit_test(arenas_go_on),
		cmocka_unit_test(libraries_are_loaded_when_needed),
		cmocka_unit_test(each_item_runs_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
