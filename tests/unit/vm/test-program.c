// SPDX-License-Identifier: LGPL-2.1-or-later
// Which files a program needs in a guest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "diag/error.h"
#include "vm/program.h"

static bool has_file(const struct strbuf *files, const char *part)
{
	for (size_t i = 0; i < files->len; i += strlen(files->data + i) + 1) {
		if (strstr(files->data + i, part))
			return true;
	}
	return false;
}

static void a_program_needs_its_libraries(void **state)
{
	_cleanup_strbuf_ struct strbuf files = { 0 };
	char self[4096] = "";

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	/* This test itself is linked with cmocka and the C library. */
	assert_int_equal(program_files(self, &files, NULL), 0);
	assert_true(has_file(&files, "libcmocka.so"));
	assert_true(has_file(&files, "libc.so"));
	assert_true(has_file(&files, "/ld-"));
	for (size_t i = 0; i < files.len; i += strlen(files.data + i) + 1)
		assert_int_equal(access(files.data + i, R_OK), 0);
}

static void needs_nothing(const void *bytes, size_t size)
{
	char name[] = "/tmp/lkm-test-program-XXXXXX";
	_cleanup_strbuf_ struct strbuf files = { 0 };
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	assert_int_equal(program_files(name, &files, NULL), 0);
	assert_int_equal(files.len, 0);
	unlink(name);
}

static void other_files_need_nothing(void **state)
{
	Elf64_Ehdr elf = { .e_phoff = sizeof(elf),
			   .e_phentsize = 56,
			   .e_phnum = 9 };
	Elf64_Phdr wild = { .p_type = PT_INTERP,
			    .p_offset = UINT64_MAX - 1,
			    .p_filesz = 4 };
	uint8_t both[sizeof(elf) + sizeof(wild)];

	memcpy(elf.e_ident, ELFMAG "\2\1", SELFMAG + 2);
	needs_nothing("", 0);
	needs_nothing("#!/bin/sh\n", 10);
	/* headers that are not there */
	needs_nothing(&elf, sizeof(elf));
	elf.e_phoff = UINT64_MAX - 8;
	needs_nothing(&elf, sizeof(elf));
	/* a loader's name beyond the end */
	elf.e_phoff = sizeof(elf);
	elf.e_phnum = 1;
	memcpy(both, &elf, sizeof(elf));
	memcpy(both + sizeof(elf), &wild, sizeof(wild));
	needs_nothing(both, sizeof(both));
}

static void a_missing_program_is_an_error(void **state)
{
	_cleanup_strbuf_ struct strbuf files = { 0 };
	_cleanup_error_ struct lkm_error *e = NULL;

	assert_int_equal(program_files("/no/such/program", &files, &e),
			 -LKM_ESYSTEM);
	assert_string_equal(lkm_error_id(e), "sys.failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_needs_its_libraries),
		cmocka_unit_test(other_files_need_nothing),
		cmocka_unit_test(a_missing_program_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
