// SPDX-License-Identifier: LGPL-2.1-or-later
// Source lines of a relocatable file that the compiler makes for the test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lkm/lines.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char source[] = "extern int reach(const int *p);\n"
			     "static inline __attribute__((always_inline))\n"
			     "int deep(const int *p)\n"
			     "{\n"
			     "\treturn *(volatile const int *)p;\n" /* 5 */
			     "}\n"
			     "static inline __attribute__((always_inline))\n"
			     "int middle(const int *p)\n"
			     "{\n"
			     "\treturn deep(p);\n" /* 10 */
			     "}\n"
			     "int outer(const int *p)\n"
			     "{\n"
			     "\treturn middle(p);\n" /* 14 */
			     "}\n"
			     "int second(const int *p)\n"
			     "{\n"
			     "\treturn reach(p) + 1;\n" /* 18 */
			     "}\n";

struct sample {
	char folder[32];
	char c[64], o[64];
};

static bool library_is_missing;

/* Found before libc's. */
void *dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int);

	*(void **)&real = dlsym(RTLD_NEXT, "dlopen");
	return library_is_missing ? NULL : real(name, flags);
}

static void compile(struct sample *s, const char *debug)
{
	char *argv[] = { (char *)"cc",	(char *)"-O2", (char *)"-g",
			 (char *)debug, (char *)"-c",  s->c,
			 (char *)"-o",	s->o,	       NULL };
	int status;
	pid_t pid;
	FILE *f;

	snprintf(s->folder, sizeof(s->folder), "/tmp/lkm-lines-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->c, sizeof(s->c), "%s/sample.c", s->folder);
	snprintf(s->o, sizeof(s->o), "%s/sample.ko", s->folder);
	f = fopen(s->c, "w");
	assert_non_null(f);
	fputs(source, f);
	fclose(f);
	if (posix_spawnp(&pid, "cc", NULL, NULL, argv, environ) != 0)
		skip();
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

static void clean(struct sample *s)
{
	unlink(s->c);
	unlink(s->o);
	rmdir(s->folder);
}

static void assert_line(const struct lkm_line *l, const char *function,
			uint32_t line)
{
	assert_string_equal(function, l->function);
	assert_non_null(strstr(l->file, "sample.c"));
	assert_int_equal(line, l->line);
}

static void find_all(const char *debug)
{
	const struct lkm_line *found;
	struct lkm_error *error = NULL;
	struct lkm_lines *lines = NULL;
	struct sample s;
	int n = 0;

	compile(&s, debug);
	if (lkm_lines_open(s.o, &lines, &error) < 0) {
		assert_string_equal("lines.library.missing",
				    lkm_error_id(error));
		lkm_error_free(error);
		clean(&s);
		skip();
	}
	/* the load may be behind an endbr64 */
	for (uint64_t offset = 0; offset < 6 && n != 3; offset++)
		n = lkm_lines_find(lines, "outer", offset, &found, &error);
	assert_int_equal(3, n);
	assert_line(&found[0], "deep", 5);
	assert_line(&found[1], "middle", 10);
	assert_line(&found[2], "outer", 14);
	for (uint64_t offset = 0; offset < 9; offset++) {
		n = lkm_lines_find(lines, "second", offset, &found, &error);
		assert_int_equal(1, n);
		if (found->line == 18)
			break;
	}
	assert_line(&found[0], "second", 18);
	assert_int_equal(0, lkm_lines_find(lines, "absent", 0, &found, &error));
	/* undefined here: another module's */
	assert_int_equal(0, lkm_lines_find(lines, "reach", 0, &found, &error));
	assert_int_equal(
		0, lkm_lines_find(lines, "second", 1 << 20, &found, &error));
	lkm_lines_free(lines);
	clean(&s);
}

static void test_lines(void **state)
{
	find_all("-gz=none");
}

static void test_compressed(void **state)
{
	find_all("-gz=zlib");
}

static void test_absent(void **state)
{
	struct lkm_lines *lines;
	struct lkm_error *error = NULL;
	struct sample s;

	compile(&s, "-g0");
	assert_true(lkm_lines_open(s.o, &lines, &error) < 0);
	if (strcmp(lkm_error_id(error), "lines.library.missing") != 0)
		assert_string_equal("lines.debug.absent", lkm_error_id(error));
	lkm_error_free(error);
	clean(&s);
}

static void test_library(void **state)
{
	struct lkm_lines *lines;
	struct lkm_error *error = NULL;

	library_is_missing = true;
	assert_int_equal(-LKM_EUNSUPPORTED,
			 lkm_lines_open("sample.ko", &lines, &error));
	assert_string_equal("lines.library.missing", lkm_error_id(error));
	lkm_error_free(error);
	library_is_missing = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
