// SPDX-License-Identifier: LGPL-2.1-or-later
// Patterns matched a character at a time, against fnmatch(3).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fnmatch.h>
#include <string.h>

#include "tree/match.h"

static bool matches(const char *pattern, const char *key)
{
	struct match_state state = { 0 };
	struct match m;
	uint64_t *bits;
	bool ret = false;
	int rc = 1;

	assert_true(match_init(&m, key));
	bits = calloc(m.words, sizeof(*bits));
	assert_non_null(bits);
	for (uint32_t i = 0; pattern[i] && rc == 1; i++) {
		bool may = match_may_step(&m, &state, bits, pattern[i]);

		rc = match_step(&m, &state, bits, pattern, i);
		/* What may not step must be dead. */
		assert_true(may || rc == 0);
	}
	if (rc == 1)
		ret = match_accepts(&m, &state, bits, pattern);
	free(bits);
	match_release(&m);
	return ret;
}

/* kmod's rule: literal up to the first wildcard, then fnmatch(3). */
static bool expected(const char *pattern, const char *key)
{
	size_t literal = strcspn(pattern, "*?[");

	if (strncmp(pattern, key, literal) != 0)
		return false;
	if (!pattern[literal])
		return !key[literal];
	return fnmatch(pattern + literal, key + literal, 0) == 0;
}

static void check(const char *pattern, const char *key)
{
	if (matches(pattern, key) != expected(pattern, key))
		fail_msg("pattern '%s' on '%s'", pattern, key);
}

static void test_real_forms(void **state)
{
	(void)state;
	assert_true(matches("pci:v00008086d*sv*sd*bc*sc*i*",
			    "pci:v00008086d00001234sv1sd2bc02sc00i00"));
	assert_false(matches("pci:v00008086d*sv*sd*bc*sc*i*",
			     "pci:v00008087d00001234sv1sd2bc02sc00i00"));
	assert_true(matches("of:N*T*Cbrcm,bcm4329_bt",
			    "of:NbtT(null)Cbrcm,bcm4329_bt"));
	assert_false(matches("of:N*T*Cbrcm,bcm4329_bt",
			     "of:NbtT(null)Cbrcm,bcm4329_bt2"));
	assert_true(matches("usb:v0586p3[0-9]1?d*", "usb:v0586p3419d0001"));
	assert_false(matches("usb:v0586p3[0-9]1?d*", "usb:v0586p3A19d0001"));
	assert_true(matches("*", ""));
	assert_true(matches("", ""));
	assert_false(matches("?", ""));
	assert_true(matches("x[]a]", "x]"));
	assert_true(matches("x[^a]y", "xby"));
	/* A backslash is itself before the first wildcard, an escape behind. */
	assert_true(matches("a\\b", "a\\b"));
	assert_true(matches("*\\*", "ab*"));
	assert_false(matches("*\\*", "abc"));
	assert_true(matches("*[[:digit:]]x", "ab7x"));
	assert_false(matches("*[[:digit:]]x", "abcx"));
	assert_true(matches("*[", "a["));
}

static void test_random(void **state)
{
	static const char pattern_chars[] = "aaabbb-*?[]!^\\:";
	static const char key_chars[] = "aab-[]\\";
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		char pattern[12] = { 0 }, key[10] = { 0 };
		uint32_t n;

		seed = seed * 1664525 + 1013904223;
		n = seed >> 24;
		for (uint32_t j = 0; j < n % (sizeof(pattern) - 1); j++) {
			seed = seed * 1664525 + 1013904223;
			pattern[j] = pattern_chars[(seed >> 16) %
						   (sizeof(pattern_chars) - 1)];
		}
		for (uint32_t j = 0; j < (n >> 4) % (sizeof(key) - 1); j++) {
			seed = seed * 1664525 + 1013904223;
			key[j] = key_chars[(seed >> 16) %
					   (sizeof(key_chars) - 1)];
		}
		check(pattern, key);
	}
}

/* Keys of more than one word of bits, at and around its borders. */
static void test_long(void **state)
{
	char key[200];

	(void)state;
	for (size_t len = 60; len < 135; len++) {
		memset(key, 'a', len);
		key[len] = '\0';
		check("*a", key);
		check("*b", key);
		check("a*aa*a?", key);
		key[len - 1] = 'b';
		check("*b", key);
		check("*a?", key);
		check("*[b]", key);
		check("*[!b]", key);
		assert_true(matches("a*?b", key));
		assert_false(matches("*b?", key));
	}
}

static void test_too_long(void **state)
{
	static char key[MATCH_KEY_MAX + 1];
	struct match m;

	(void)state;
	memset(key, 'a', MATCH_KEY_MAX);
	assert_false(match_init(&m, key));
	key[MATCH_KEY_MAX - 1] = '\0';
	assert_true(match_init(&m, key));
	assert_int_equal(m.len, MATCH_KEY_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_forms),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
