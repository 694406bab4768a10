// SPDX-License-Identifier: LGPL-2.1-or-later
// Each allocation of reading an image fails once: "out of memory", no crash.
#include "common.h"

#include <errno.h>
#include <unistd.h>

#include "image/extract.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* A sanitizer has an allocator of its own. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
#define CAN_FAIL 1

/* Allocations until one fails; negative: none does. */
static long countdown = -1;

static bool fails(void)
{
	if (countdown < 0 || countdown-- > 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
#else
#define CAN_FAIL 0
static long countdown;
#endif

/* One run with allocation @n failing: 1 when it was never reached. */
static int run(const uint8_t *bytes, size_t size, long n)
{
	struct lkm_error *error = NULL;
	struct lkm_image *image;
	int rc;

	countdown = n;
	rc = lkm_image_open_memory(bytes, size, "x.ko", &image, &error);
	if (rc == 0) {
		rc = ask_all(image, &error);
		lkm_image_free(image);
	}
	if (countdown >= 0) {
		countdown = -1;
		assert_int_equal(0, rc);
		return 1;
	}
	/* A shrinking realloc() or a missing cache may do without. */
	if (rc < 0) {
		assert_int_equal(-LKM_ENOMEM, rc);
		assert_string_equal("sys.memory", lkm_error_id(error));
		lkm_error_free(error);
	}
	return 0;
}

static void test_image(void **state)
{
	size_t size;
	uint8_t *bytes;
	long n = 0;

	if (!CAN_FAIL)
		skip();
	bytes = module_build(RECIPE, &size);
	while (!run(bytes, size, n))
		assert_true(++n < 1000);
	assert_true(n > 2);
	free(bytes);
}

static void test_extract(void **state)
{
	char path[] = "/tmp/lkm-memory-XXXXXX";
	int fd = mkstemp(path), failed = 0;
	long n = 0;

	assert_true(fd >= 0);
	module_write(RECIPE, path);
	for (bool done = !CAN_FAIL; !done; n++) {
		struct image_scratch scratch = { 0 };
		struct lkm_error *error = NULL;
		struct arena arena = { 0 };
		struct image_extract x;
		int rc;

		countdown = n;
		rc = image_extract(&scratch, fd, "x", &arena, &x, &error);
		done = countdown >= 0;
		countdown = -1;
		if (rc < 0) {
			assert_string_equal("sys.memory", lkm_error_id(error));
			failed++;
		}
		lkm_error_free(error);
		image_scratch_release(&scratch);
		arena_release(&arena);
		assert_true(n < 1000);
	}
	assert_true(!CAN_FAIL || failed);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_extract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
