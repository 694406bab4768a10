// SPDX-License-Identifier: LGPL-2.1-or-later
// Files below a root, files that shrink while they are read, files that are
// replaced together.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fileset.h"
#include "base/root.h"
#include "base/source.h"
#include "base/spawn.h"

static char folder[64];

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	int fd = open(in_folder(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC,
		      0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, size), 0);
	close(fd);
}

static void assert_content(const char *name, const char *expected)
{
	char *text = NULL;
	size_t size;

	assert_int_equal(
		root_read(&ROOT_HOST, in_folder(name), 1 << 20, &text, &size),
		0);
	assert_string_equal(text, expected);
	free(text);
}

static int set_up(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/lkm-unit-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	const char *const argv[] = { "rm", "-rf", folder, NULL };
	struct spawn s = { .argv = argv };
	int status;

	return spawn_run(&s, &status);
}

static void links_stay_in_the_root(void **state)
{
	struct root r;
	char *text = NULL;
	size_t size;

	write_file("secret", "outside", 7);
	assert_int_equal(mkdir(in_folder("root"), 0755), 0);
	assert_int_equal(
		symlink("../../../../../../../../secret", in_folder("root/up")),
		0);
	assert_int_equal(symlink("/inner", in_folder("root/absolute")), 0);
	write_file("root/inner", "inside", 6);
	assert_int_equal(root_open(&r, in_folder("root")), 0);
	assert_false(root_is_host(&r));
	assert_int_equal(root_read(&r, "/absolute", 100, &text, &size), 0);
	assert_string_equal(text, "inside");
	free(text);
	assert_int_equal(root_read(&r, "/up", 100, &text, &size), -ENOENT);
	assert_int_equal(root_read(&r, "/../secret", 100, &text, &size),
			 -ENOENT);
	assert_int_equal(root_read(&r, "/inner", 5, &text, &size), -EFBIG);
	root_release(&r);
	assert_int_equal(root_open(&r, in_folder("no-such")), -ENOENT);
}

static void names_are_sorted_and_limited(void **state)
{
	char **names = NULL;
	size_t count = 0;

	write_file("b", "", 0);
	write_file("a", "", 0);
	write_file(".c", "", 0);
	assert_int_equal(root_list(&ROOT_HOST, folder, 10, &names, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(names[0], ".c");
	assert_string_equal(names[1], "a");
	assert_string_equal(names[2], "b");
	root_free_names(names, count);
	assert_int_equal(root_list(&ROOT_HOST, folder, 2, &names, &count),
			 -E2BIG);
}

static void folders_are_made_with_their_parents(void **state)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/x/y/z", folder);
	assert_int_equal(root_mkdirs(&ROOT_HOST, path), 0);
	assert_int_equal(root_mkdirs(&ROOT_HOST, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
}

/* In an image's root too, whatever its links say. */
static void folders_are_made_in_the_root(void **state)
{
	struct root r;
	struct stat st;

	assert_int_equal(mkdir(in_folder("root"), 0755), 0);
	assert_int_equal(mkdir(in_folder("root/real"), 0755), 0);
	assert_int_equal(mkdir(in_folder("out"), 0755), 0);
	assert_int_equal(symlink("../out", in_folder("root/up")), 0);
	assert_int_equal(symlink("/real", in_folder("root/absolute")), 0);
	assert_int_equal(symlink("/nowhere", in_folder("root/dangling")), 0);
	assert_int_equal(root_open(&r, in_folder("root")), 0);
	assert_int_equal(root_mkdirs(&r, "/absolute/a//b/"), 0);
	assert_int_equal(stat(in_folder("root/real/a/b"), &st), 0);
	/* "../out" of the root is the root's own "out", which is not there. */
	assert_int_equal(root_mkdirs(&r, "/up/x"), -ENOENT);
	assert_int_equal(stat(in_folder("out/x"), &st), -1);
	assert_int_equal(root_mkdirs(&r, "/dangling/x"), -ENOENT);
	assert_int_equal(root_mkdirs(&r, "/"), 0);
	write_file("root/file", "", 0);
	assert_int_equal(root_mkdirs(&r, "/file/x"), -ENOTDIR);
	root_release(&r);
	assert_int_equal(root_mkdirs(&ROOT_HOST, "/"), 0);
	assert_int_equal(root_mkdirs(&ROOT_HOST, ""), 0);
}

static void roots_have_names(void **state)
{
	static const char *const hosts[] = { NULL, "", "/", "///" };
	char path[128];
	struct root r;
	char *name;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		assert_int_equal(root_open(&r, hosts[i]), 0);
		assert_true(root_is_host(&r));
		name = root_name(&r, "/etc");
		assert_string_equal(name, "/etc");
		free(name);
		root_release(&r);
	}
	snprintf(path, sizeof(path), "%s///", folder);
	assert_int_equal(root_open(&r, path), 0);
	name = root_name(&r, "/etc");
	snprintf(path, sizeof(path), "%s/etc", folder);
	assert_string_equal(name, path);
	free(name);
	root_release(&r);
	assert_true(root_is_host(&r));
	write_file("f", "", 0);
	assert_int_equal(root_open(&r, in_folder("f")), -ENOTDIR);
}

static void files_are_created_in_the_root(void **state)
{
	struct root r;
	int fd;

	assert_int_equal(mkdir(in_folder("root"), 0755), 0);
	assert_int_equal(symlink("../../made", in_folder("root/link")), 0);
	assert_int_equal(root_open(&r, in_folder("root")), 0);
	fd = root_create(&r, "/link", O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_write_all(fd, "in", 2), 0);
	close(fd);
	root_release(&r);
	assert_content("root/made", "in");
	assert_int_equal(access(in_folder("made"), F_OK), -1);
}

static void files_without_a_size_are_read(void **state)
{
	char *text = NULL;
	size_t size;

	assert_int_equal(
		root_read(&ROOT_HOST, "/proc/self/stat", 4096, &text, &size),
		0);
	assert_int_equal(strlen(text), size);
	assert_true(size > 0);
	free(text);
	assert_int_equal(root_read(&ROOT_HOST, "/proc", 4096, &text, &size),
			 -EISDIR);
}

/* With a mapping this would be the death of the process, by SIGBUS. */
static void a_file_may_shrink(void **state)
{
	static char bytes[64 << 10];
	struct source s = { 0 };
	struct span part, all;
	int fd;

	memset(bytes, 'x', sizeof(bytes));
	write_file("f", bytes, sizeof(bytes));
	fd = open(in_folder("f"), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(source_open_fd(&s, fd, 1 << 20), 0);
	assert_int_equal(s.size, sizeof(bytes));
	assert_true(source_slice(&s, 10, 10, &part));
	assert_memory_equal(part.data, "xxxxxxxxxx", 10);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_false(source_slice(&s, 40 << 10, 10, &part));
	assert_int_equal(s.error, ENODATA);
	assert_false(source_all(&s, &all));
	/* what was read stays */
	assert_memory_equal(part.data, "xxxxxxxxxx", 10);
	source_release(&s);
	close(fd);
}

static void sources_have_bounds(void **state)
{
	struct source s = { 0 };
	struct span part;
	const char *text;
	int fd;

	write_file("f", "ab\0cd", 5);
	fd = open(in_folder("f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(source_open_fd(&s, fd, 4), -EFBIG);
	assert_int_equal(source_open_fd(&s, fd, 5), 0);
	assert_true(source_slice(&s, 0, 5, &part));
	assert_false(source_slice(&s, 0, 6, &part));
	assert_false(source_slice(&s, UINT64_MAX, 2, &part));
	assert_int_equal(s.error, 0);
	assert_true(source_string(&s, 0, 5, &text));
	assert_string_equal(text, "ab");
	assert_false(source_string(&s, 0, 2, &text));
	assert_false(source_string(&s, 3, 5, &text));
	source_release(&s);
	close(fd);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(source_open_fd(&s, fd, 5), -EISDIR);
	close(fd);
}

static void a_set_is_replaced_together(void **state)
{
	struct fileset *fs;
	size_t changed = 99;

	write_file("one", "old", 3);
	write_file("gone", "x", 1);
	assert_int_equal(fileset_begin(&ROOT_HOST, folder, &fs), 0);
	assert_int_equal(fileset_add(fs, "one", "new", 3, 0644), 0);
	assert_int_equal(fileset_add(fs, "two", "2", 1, 0644), 0);
	assert_int_equal(fileset_remove(fs, "gone"), 0);
	assert_content("one", "old");
	assert_int_equal(fileset_commit(fs, &changed), 0);
	fileset_end(fs);
	assert_content("one", "new");
	assert_content("two", "2");
	assert_int_equal(access(in_folder("gone"), F_OK), -1);
	assert_false(fileset_is_torn(&ROOT_HOST, folder));

	assert_int_equal(fileset_begin(&ROOT_HOST, folder, &fs), 0);
	assert_int_equal(fileset_add(fs, "one", "new", 3, 0644), 0);
	assert_int_equal(fileset_commit(fs, &changed), 0);
	assert_int_equal(changed, 0);
	fileset_end(fs);
}

static void what_is_not_committed_disappears(void **state)
{
	struct fileset *fs;
	char **names = NULL;
	size_t count = 0;

	write_file("one", "old", 3);
	assert_int_equal(fileset_begin(&ROOT_HOST, folder, &fs), 0);
	assert_int_equal(fileset_add(fs, "one", "new", 3, 0644), 0);
	fileset_end(fs);
	assert_content("one", "old");
	assert_int_equal(root_list(&ROOT_HOST, folder, 10, &names, &count), 0);
	for (size_t i = 0; i < count; i++)
		assert_null(strstr(names[i], ".lkm-new."));
	root_free_names(names, count);
}

/* A writer that was killed when all was written, some of it renamed. */
static void a_torn_set_is_finished(void **state)
{
	static const char journal[] = "+one\n+two\n-gone\n+three\nend\n";
	struct fileset *fs;

	write_file("one", "new", 3);
	write_file("two", "old", 3);
	write_file(".lkm-new.two", "new", 3);
	write_file(".lkm-new.three", "new", 3);
	write_file("gone", "old", 3);
	write_file(FILESET_JOURNAL, journal, sizeof(journal) - 1);
	assert_true(fileset_is_torn(&ROOT_HOST, folder));
	assert_int_equal(fileset_recover(&ROOT_HOST, folder), 0);
	assert_false(fileset_is_torn(&ROOT_HOST, folder));
	assert_content("one", "new");
	assert_content("two", "new");
	assert_content("three", "new");
	assert_int_equal(access(in_folder("gone"), F_OK), -1);

	/* killed while it wrote the journal: nothing was renamed yet */
	write_file(".lkm-new.two", "newer", 5);
	write_file(FILESET_JOURNAL, journal, sizeof(journal) - 3);
	assert_int_equal(fileset_begin(&ROOT_HOST, folder, &fs), 0);
	assert_content("two", "new");
	assert_int_equal(fileset_add(fs, "two", "last", 4, 0644), 0);
	assert_int_equal(fileset_commit(fs, NULL), 0);
	fileset_end(fs);
	assert_content("two", "last");
}

static void a_set_takes_files_only(void **state)
{
	static const char *const bad[] = { "", ".", "..", ".x", "a/b", "a\nb" };
	struct fileset *fs;
	char name[128];
	struct stat st;

	assert_int_equal(mkdir(in_folder("folder"), 0755), 0);
	assert_int_equal(mkfifo(in_folder("fifo"), 0644), 0);
	assert_int_equal(fileset_begin(&ROOT_HOST, folder, &fs), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(fileset_add(fs, bad[i], "", 0, 0644), -EINVAL);
		assert_int_equal(fileset_remove(fs, bad[i]), -EINVAL);
	}
	memset(name, 'x', 96);
	name[96] = '\0';
	assert_int_equal(fileset_add(fs, name, "", 0, 0644), -EINVAL);
	assert_int_equal(fileset_add(fs, "folder", "", 0, 0644), -EISDIR);
	assert_int_equal(fileset_remove(fs, "folder"), -EISDIR);
	assert_int_equal(fileset_remove(fs, "absent"), 0);
	/* nobody writes to it: reading would wait for ever */
	assert_int_equal(fileset_add(fs, "fifo", "", 0, 0640), 0);
	assert_int_equal(fileset_commit(fs, NULL), 0);
	fileset_end(fs);
	assert_int_equal(lstat(in_folder("fifo"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fileset_begin(&ROOT_HOST, in_folder("absent"), &fs),
			 -ENOENT);
}

static void a_set_has_a_limit(void **state)
{
	struct fileset *fs;
	char name[16];

	assert_int_equal(fileset_begin(&ROOT_HOST, folder, &fs), 0);
	for (int i = 0; i < FILESET_MAX; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(fileset_add(fs, name, "x", 1, 0644), 0);
	}
	assert_int_equal(fileset_add(fs, "more", "x", 1, 0644), -E2BIG);
	assert_int_equal(fileset_remove(fs, "more"), -E2BIG);
	assert_int_equal(fileset_commit(fs, NULL), 0);
	fileset_end(fs);
	fileset_end(NULL);
	assert_content("f0", "x");
	assert_content("f63", "x");
}

/* Anyone can put a journal into a tree that is then given to us. */
static void a_forged_journal_does_no_harm(void **state)
{
	static const char *const forged[] = {
		"",
		"x",
		"-../victim\n",
		"+../victim\n",
		"garbage\nend\n",
		"-/etc/passwd\nend\n",
		"\0\0\0\0",
	};

	assert_int_equal(mkdir(in_folder("tree"), 0755), 0);
	write_file("victim", "alive", 5);
	for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
		char tree[128];
		int rc;

		snprintf(tree, sizeof(tree), "%s/tree", folder);
		write_file("tree/" FILESET_JOURNAL, forged[i],
			   strlen(forged[i]));
		rc = fileset_recover(&ROOT_HOST, tree);
		assert_true(rc <= 0);
		assert_content("victim", "alive");
	}
}

/* Nor may a link that waits under the temporary name. */
static void a_planted_link_does_no_harm(void **state)
{
	struct fileset *fs;
	char tree[128];

	assert_int_equal(mkdir(in_folder("tree"), 0755), 0);
	write_file("victim", "alive", 5);
	assert_int_equal(symlink("../victim", in_folder("tree/.lkm-new.one")),
			 0);
	snprintf(tree, sizeof(tree), "%s/tree", folder);
	assert_int_equal(fileset_begin(&ROOT_HOST, tree, &fs), 0);
	assert_int_equal(fileset_add(fs, "one", "new", 3, 0644), 0);
	assert_int_equal(fileset_commit(fs, NULL), 0);
	fileset_end(fs);
	assert_content("victim", "alive");
	assert_content("tree/one", "new");
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(links_stay_in_the_root),
		IN_FOLDER(names_are_sorted_and_limited),
		IN_FOLDER(folders_are_made_with_their_parents),
		IN_FOLDER(a_file_may_shrink),
		IN_FOLDER(sources_have_bounds),
		IN_FOLDER(a_set_is_replaced_together),
		IN_FOLDER(what_is_not_committed_disappears),
		IN_FOLDER(a_forged_journal_does_no_harm),
		IN_FOLDER(a_planted_link_does_no_harm),
		IN_FOLDER(a_torn_set_is_finished),
		IN_FOLDER(a_set_takes_files_only),
		IN_FOLDER(a_set_has_a_limit),
		IN_FOLDER(folders_are_made_in_the_root),
		IN_FOLDER(roots_have_names),
		IN_FOLDER(files_are_created_in_the_root),
		cmocka_unit_test(files_without_a_size_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
