// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that are read page by page, and only where someone asks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/crc32c.h"
#include "base/root.h"
#include "base/source.h"

#define PAGE 4096
#define PAGES 64

/* An open file whose byte at i is i / 4096 + 1. */
static int file_of_pages(size_t size)
{
	static char bytes[PAGES * PAGE];
	int fd = memfd_create("pages", MFD_CLOEXEC);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i / PAGE + 1);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, size), 0);
	return fd;
}

static void only_what_is_asked_for_is_read(void **state)
{
	int fd = file_of_pages(PAGES * PAGE);
	struct source s = { 0 };
	struct span a, b;

	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_int_equal(s.reads, 0);
	assert_true(source_slice(&s, 10 * PAGE + 5, 1, &a));
	assert_int_equal(s.reads, 1);
	assert_true(source_slice(&s, 10 * PAGE, PAGE, &a));
	assert_int_equal(s.reads, 1);
	/* around the page that is there: one read on either side */
	assert_true(source_slice(&s, 9 * PAGE, 3 * PAGE, &b));
	assert_int_equal(s.reads, 3);
	assert_ptr_equal(b.data + PAGE, a.data);
	for (size_t i = 0; i < b.size; i++)
		assert_int_equal(b.data[i], 10 + i / PAGE);
	/* what was given out stays where it is */
	assert_true(source_all(&s, &b));
	assert_ptr_equal(b.data + 10 * PAGE, a.data);
	assert_int_equal(b.size, PAGES * PAGE);
	source_release(&s);
	close(fd);
}

/* Each page of file_of_pages() is right but the one that @ctx names. */
static bool is_page(const void *ctx, uint64_t page, struct span bytes)
{
	const uint64_t *wrong = ctx;

	return page != *wrong && bytes.data[0] == page + 1 &&
	       bytes.data[bytes.size - 1] == page + 1;
}

static void a_page_that_is_not_sound_is_not_had(void **state)
{
	int fd = file_of_pages(PAGES * PAGE);
	struct source s = { 0 };
	uint64_t wrong = 7;
	struct span part;

	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_true(source_slice(&s, 8 * PAGE, 1, &part));
	assert_true(source_check(&s, 20 * PAGE + 10, is_page, &wrong));
	assert_false(source_slice(&s, 20 * PAGE + 10, 1, &part));
	assert_int_equal(s.error, 0);
	assert_true(source_slice(&s, 20 * PAGE, 10, &part));
	assert_true(source_slice(&s, 5 * PAGE, 2 * PAGE, &part));
	assert_false(source_slice(&s, 6 * PAGE, 2 * PAGE, &part));
	assert_int_equal(s.error, EBADMSG);
	assert_false(source_all(&s, &part));
	/* one that was read before it could be checked */
	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_true(source_all(&s, &part));
	assert_false(source_check(&s, 20 * PAGE, is_page, &wrong));
	assert_int_equal(s.error, EBADMSG);
	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_true(source_all(&s, &part));
	/* behind the new end */
	assert_true(source_check(&s, 7 * PAGE, is_page, &wrong));
	source_release(&s);
	close(fd);
}

static bool refuse_page_seven(const void *ctx, uint64_t page, struct span bytes)
{
	(void)ctx;
	return page != 7 && bytes.data[0] == page + 1;
}

static void copies_are_what_slices_are(void **state)
{
	static const struct {
		uint64_t off, len;
	} parts[] = { { 0, 0 },
		      { 0, PAGE },
		      { 10, 20 },
		      { 100, PAGE },
		      { 8 * PAGE, 3 * PAGE },
		      { 8 * PAGE + 1, 3 * PAGE },
		      { 9 * PAGE - 1, 2 },
		      { 60 * PAGE, 3 * PAGE + 17 },
		      { 63 * PAGE + 16, 1 },
		      { 63 * PAGE + 17, 0 },
		      { 20 * PAGE, 2 * PAGE },
		      { PAGE - 1, PAGE + 2 } };
	int fd = file_of_pages(63 * PAGE + 17);
	struct source s = { 0 };
	char copy[8 * PAGE];

	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_true(source_check(&s, s.size, refuse_page_seven, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		assert_true(source_copy(&s, parts[i].off, parts[i].len, copy));
		for (size_t j = 0; j < parts[i].len; j++)
			assert_int_equal(copy[j],
					 (parts[i].off + j) / PAGE + 1);
	}
	assert_false(source_copy(&s, 63 * PAGE + 17, 1, copy));
	assert_int_equal(s.error, 0);
	assert_false(source_copy(&s, 6 * PAGE, 3 * PAGE, copy));
	assert_int_equal(s.error, EBADMSG);
	source_release(&s);
	close(fd);
}

static void checksums_are_crc32c(void **state)
{
	static const uint8_t zeros[32];

	assert_int_equal(crc32c(SPAN_LITERAL("")), 0);
	assert_int_equal(crc32c(SPAN_LITERAL("123456789")), 0xe3069283);
	/* RFC 3720, B.4 */
	assert_int_equal(crc32c((struct span){ zeros, 32 }), 0x8a9136aa);
}

static void nothing_is_asked_for_at_the_end(void **state)
{
	int fd = file_of_pages(PAGE + 1);
	struct source s = { 0 };
	struct span part;

	assert_int_equal(source_open_fd(&s, fd, PAGE + 1), 0);
	assert_true(source_slice(&s, PAGE + 1, 0, &part));
	assert_int_equal(part.size, 0);
	assert_false(source_slice(&s, PAGE + 1, 1, &part));
	assert_false(source_slice(&s, PAGE + 2, 0, &part));
	assert_false(source_slice(&s, 0, UINT64_MAX, &part));
	assert_true(source_slice(&s, PAGE, 1, &part));
	assert_int_equal(part.data[0], 2);
	assert_int_equal(s.error, 0);
	source_release(&s);
	close(fd);
	fd = file_of_pages(0);
	assert_int_equal(source_open_fd(&s, fd, 0), 0);
	assert_true(source_all(&s, &part));
	assert_int_equal(part.size, 0);
	source_release(&s);
	close(fd);
}

static void strings_may_span_pages(void **state)
{
	static char bytes[3 * PAGE];
	int fd = memfd_create("string", MFD_CLOEXEC);
	struct source s = { 0 };
	const char *text;

	memset(bytes, 'x', sizeof(bytes));
	bytes[PAGE + 100] = '\0';
	assert_int_equal(fd_write_all(fd, bytes, sizeof(bytes)), 0);
	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_true(source_string(&s, PAGE - 10, sizeof(bytes), &text));
	assert_int_equal(strlen(text), 110);
	assert_true(source_string(&s, PAGE + 100, sizeof(bytes), &text));
	assert_string_equal(text, "");
	/* the NUL must be before the end that was given */
	assert_false(source_string(&s, 0, PAGE + 100, &text));
	assert_true(source_string(&s, 0, PAGE + 101, &text));
	assert_false(source_string(&s, PAGE + 101, UINT64_MAX, &text));
	assert_false(source_string(&s, UINT64_MAX, UINT64_MAX, &text));
	source_release(&s);
	close(fd);
}

/* The memory of one file must not show in the next. */
static void memory_is_used_again(void **state)
{
	int large = file_of_pages(PAGES * PAGE);
	int small = memfd_create("small", MFD_CLOEXEC);
	struct source s = { 0 };
	const uint8_t *memory;
	struct span all;

	assert_int_equal(fd_write_all(small, "small", 5), 0);
	assert_int_equal(source_open_fd(&s, large, UINT64_MAX), 0);
	assert_true(source_all(&s, &all));
	memory = all.data;
	source_recycle(&s);
	assert_false(source_slice(&s, 0, 1, &all));
	assert_int_equal(source_open_fd(&s, small, UINT64_MAX), 0);
	assert_true(source_all(&s, &all));
	assert_ptr_equal(all.data, memory);
	assert_int_equal(all.size, 5);
	assert_memory_equal(all.data, "small", 5);
	assert_false(source_slice(&s, 0, 6, &all));
	source_recycle(&s);
	assert_int_equal(source_open_fd(&s, large, UINT64_MAX), 0);
	assert_true(source_slice(&s, 63 * PAGE, PAGE, &all));
	assert_int_equal(all.data[0], 64);
	assert_true(source_slice(&s, 0, PAGE, &all));
	assert_int_equal(all.data[0], 1);
	source_release(&s);
	close(large);
	close(small);
}

static void bytes_may_come_from_memory(void **state)
{
	static const uint8_t borrowed[] = "borrowed";
	struct source s = { 0 };
	uint8_t *heap = malloc(4);
	struct span all;
	int fd = file_of_pages(PAGE);

	memcpy(heap, "heap", 4);
	source_from_heap(&s, heap, 4);
	assert_true(source_all(&s, &all));
	assert_ptr_equal(all.data, heap);
	assert_false(source_slice(&s, 2, 3, &all));
	source_from_span(&s, (struct span){ borrowed, 8 });
	assert_true(source_slice(&s, 1, 3, &all));
	assert_memory_equal(all.data, "orr", 3);
	source_recycle(&s);
	assert_int_equal(source_open_fd(&s, fd, UINT64_MAX), 0);
	assert_true(source_all(&s, &all));
	assert_int_equal(all.data[0], 1);
	source_release(&s);
	source_release(&s);
	close(fd);
}

static void only_files_are_sources(void **state)
{
	struct source s = { 0 };
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(source_open_fd(&s, p[0], 10), -EINVAL);
	close(p[0]);
	close(p[1]);
	assert_int_equal(source_open_fd(&s, -1, 10), -EBADF);
	assert_int_equal(source_open_size(&s, 0, UINT64_MAX), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_asked_for_is_read),
		cmocka_unit_test(a_page_that_is_not_sound_is_not_had),
		cmocka_unit_test(copies_are_what_slices_are),
		cmocka_unit_test(checksums_are_crc32c),
		cmocka_unit_test(nothing_is_asked_for_at_the_end),
		cmocka_unit_test(strings_may_span_pages),
		cmocka_unit_test(memory_is_used_again),
		cmocka_unit_test(bytes_may_come_from_memory),
		cmocka_unit_test(only_files_are_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
