// SPDX-License-Identifier: LGPL-2.1-or-later
// Sets of certificates without the library that reads them, and of garbage.
// What is in real ones: tests/differential/keys.py.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdbool.h>

#include <lkm/trust.h>

static bool library_is_missing;

/* In the place of libc's. */
void *dlopen(const char *file, int mode)
{
	void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(
		RTLD_NEXT, "dlopen");

	return library_is_missing ? NULL : real(file, mode);
}

static void without_the_library(void **state)
{
	struct lkm_error *error = NULL;
	struct lkm_keys *keys = NULL;

	library_is_missing = true;
	assert_int_equal(-LKM_EUNSUPPORTED, lkm_keys_new(&keys, &error));
	assert_string_equal("trust.library.missing", lkm_error_id(error));
	assert_null(keys);
	lkm_error_free(error);
	library_is_missing = false;
}

static void garbage_is_no_certificate(void **state)
{
	/* SEQUENCEs that claim more than is there, and an empty one. */
	static const uint8_t garbage[] = { 0x30, 0x82, 0xff, 0xff, 0x30, 0x00 };
	struct lkm_error *error = NULL;
	struct lkm_keys *keys;
	size_t count;

	if (lkm_keys_new(&keys, &error) < 0) {
		lkm_error_free(error);
		skip();
	}
	for (size_t from = 0; from < sizeof(garbage); from++) {
		for (size_t to = from; to <= sizeof(garbage); to++) {
			assert_int_equal(-LKM_EFORMAT,
					 lkm_keys_add(keys, garbage + from,
						      to - from, "a.der",
						      &error));
			assert_string_equal("trust.certificate.broken",
					    lkm_error_id(error));
			lkm_error_free(error);
			error = NULL;
		}
	}
	lkm_keys_all(keys, &count);
	assert_int_equal(0, count);
	lkm_keys_free(keys);
	lkm_keys_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_library),
		cmocka_unit_test(garbage_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
