// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine without the decompression libraries.
#include "common.h"

#include <dlfcn.h>

/* Found before libc's. */
void *dlopen(const char *name, int flags)
{
	return NULL;
}

static void test_missing(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *library;
	} cases[] = {
		{ "\xfd"
		  "7zXZ\0\0\0",
		  8, "liblzma" },
		{ "\x28\xb5\x2f\xfd....", 8, "libzstd" },
		{ "\x1f\x8b\x08.....", 8, "zlib" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lkm_error *error = NULL;
		struct lkm_image *image;

		assert_int_equal(-LKM_EUNSUPPORTED,
				 lkm_image_open_memory(cases[i].bytes,
						       cases[i].size, "x.ko.xz",
						       &image, &error));
		assert_string_equal("image.compression.library",
				    lkm_error_id(error));
		assert_string_equal(cases[i].library,
				    lkm_error_get(error, "library"));
		lkm_error_free(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
