// SPDX-License-Identifier: LGPL-2.1-or-later
// Module names, words, numbers, and the bounds of spans.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/macro.h"
#include "base/span.h"
#include "base/text.h"

static void slices_stay_inside(void **state)
{
	const uint8_t bytes[4] = { 1, 2, 3, 4 };
	struct span s = { bytes, sizeof(bytes) };
	struct span part = { NULL, 99 };

	assert_true(span_slice(s, 1, 3, &part));
	assert_ptr_equal(part.data, bytes + 1);
	assert_int_equal(part.size, 3);
	assert_true(span_slice(s, 4, 0, &part));
	assert_int_equal(part.size, 0);

	part.size = 99;
	assert_false(span_slice(s, 1, 4, &part));
	assert_false(span_slice(s, 5, 0, &part));
	/* off + len wraps around to 3 */
	assert_false(span_slice(s, 4, UINT64_MAX, &part));
	assert_false(span_slice(s, UINT64_MAX, 4, &part));
	assert_int_equal(part.size, 99);
}

static void integers_have_both_orders(void **state)
{
	const uint8_t bytes[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct span s = { bytes, sizeof(bytes) };
	uint16_t half;
	uint32_t word;
	uint64_t twice;
	uint8_t byte;

	assert_true(span_u16(s, 1, true, &half));
	assert_int_equal(half, 0x0102);
	assert_true(span_u16(s, 1, false, &half));
	assert_int_equal(half, 0x0201);
	assert_true(span_u32(s, 5, true, &word));
	assert_int_equal(word, 0x05060708);
	assert_true(span_u64(s, 1, false, &twice));
	assert_int_equal(twice, 0x0807060504030201);

	assert_false(span_u16(s, 8, true, &half));
	assert_false(span_u32(s, 6, true, &word));
	assert_false(span_u64(s, 2, true, &twice));
	assert_false(span_u64(s, UINT64_MAX, true, &twice));
	assert_false(span_u8(s, 9, &byte));
}

static void strings_end_inside(void **state)
{
	struct span s = SPAN_LITERAL("ab\0cd");
	const char *text = NULL;

	assert_true(span_string(s, 0, &text));
	assert_string_equal(text, "ab");
	assert_true(span_string(s, 2, &text));
	assert_string_equal(text, "");
	assert_false(span_string(s, 3, &text));
	assert_false(span_string(s, 6, &text));
}

static void names_of_modules(void **state)
{
	char name[MODULE_NAME_MAX];
	char small[4];

	assert_true(module_name_of("snd-pcm", name, sizeof(name)));
	assert_string_equal(name, "snd_pcm");
	assert_true(
		module_name_of_file("a/b-c/snd-pcm.ko.xz", name, sizeof(name)));
	assert_string_equal(name, "snd_pcm");
	assert_true(module_name_of_file("x.ko", name, sizeof(name)));
	assert_string_equal(name, "x");
	assert_false(module_name_of("", name, sizeof(name)));
	assert_false(module_name_of("abcd", small, sizeof(small)));
	assert_true(module_name_of("abc", small, sizeof(small)));
	assert_true(module_name_equals("a-b_c", "a_b-c"));
	assert_false(module_name_equals("a-b", "a-bc"));
	assert_false(module_name_equals("a-b", "a+b"));
}

static void stems_of_files(void **state)
{
	static const struct {
		const char *file;
		int stem; /* -1: no module */
	} cases[] = {
		{ "x.ko", 1 },	   { "x.ko.gz", 1 }, { "x.ko.xz", 1 },
		{ "x.ko.zst", 1 }, { "a.b.ko", 3 },  { "x.ko.bz2", -1 },
		{ "x.koo", -1 },   { "ko", -1 },     { "x", -1 },
		{ "", -1 },	   { "x.xz", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = 0;
		bool is = module_file_stem(cases[i].file, &len);

		assert_int_equal(is, cases[i].stem >= 0);
		if (is)
			assert_int_equal(len, cases[i].stem);
	}
}

static void aliases_keep_their_brackets(void **state)
{
	char out[32];

	assert_true(alias_normalise("usb:v-p[a-f]d-", out, sizeof(out)));
	assert_string_equal(out, "usb:v_p[a-f]d_");
	assert_false(alias_normalise("usb:v[a-f", out, sizeof(out)));
	assert_false(alias_normalise("abcd", out, 4));
}

static void numbers_are_whole(void **state)
{
	uint64_t v = 7;

	assert_true(text_to_u64("0x10", 0, &v));
	assert_int_equal(v, 16);
	assert_true(text_to_u64("18446744073709551615", 10, &v));
	assert_true(v == UINT64_MAX);
	assert_false(text_to_u64("18446744073709551616", 10, &v));
	assert_false(text_to_u64("12x", 10, &v));
	assert_false(text_to_u64("", 10, &v));
	assert_false(text_to_u64("-1", 10, &v));
	assert_false(text_to_u64(" 1", 10, &v));
}

static void lines_and_words(void **state)
{
	struct span text = SPAN_LITERAL("one  two\t3\n\nlast");
	struct span line, word;
	size_t pos = 0, at = 0;

	assert_true(text_next_line(text, &pos, &line));
	assert_true(text_next_word(line, &at, &word));
	assert_true(span_equals(word, SPAN_LITERAL("one")));
	assert_true(text_next_word(line, &at, &word));
	assert_true(span_equals(word, SPAN_LITERAL("two")));
	assert_true(text_next_word(line, &at, &word));
	assert_true(span_equals(word, SPAN_LITERAL("3")));
	assert_false(text_next_word(line, &at, &word));
	assert_true(text_next_line(text, &pos, &line));
	assert_int_equal(line.size, 0);
	assert_true(text_next_line(text, &pos, &line));
	assert_true(span_equals(line, SPAN_LITERAL("last")));
	assert_false(text_next_line(text, &pos, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_stay_inside),
		cmocka_unit_test(integers_have_both_orders),
		cmocka_unit_test(strings_end_inside),
		cmocka_unit_test(names_of_modules),
		cmocka_unit_test(stems_of_files),
		cmocka_unit_test(aliases_keep_their_brackets),
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test(lines_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
