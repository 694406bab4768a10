// SPDX-License-Identifier: LGPL-2.1-or-later
// An index run that is killed, has no room, or is not alone.
#include "base/strbuf.h"
#include "index-common.h"

#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/strbuf.h"

#define FILES (sizeof(index_files) / sizeof(index_files[0]))

struct set {
	char *text[FILES];
	size_t size[FILES];
};

static void set_read(const struct place *p, struct set *ret)
{
	for (size_t i = 0; i < FILES; i++) {
		ret->text[i] = content(p, index_files[i], &ret->size[i]);
		assert_non_null(ret->text[i]);
	}
}

static void set_free(struct set *s)
{
	for (size_t i = 0; i < FILES; i++)
		free(s->text[i]);
}

static bool same(const struct set *a, const struct set *b, size_t i)
{
	return a->size[i] == b->size[i] &&
	       !memcmp(a->text[i], b->text[i], a->size[i]);
}

static bool set_same(const struct set *a, const struct set *b)
{
	for (size_t i = 0; i < FILES; i++) {
		if (!same(a, b, i))
			return false;
	}
	return true;
}

/* Nothing of an unfinished run is left over. */
static void assert_tidy(const struct place *p)
{
	_cleanup_root_ struct root root = ROOT_HOST;
	char **names;
	size_t count;

	assert_int_equal(root_open(&root, p->root), 0);
	assert_int_equal(root_list(&root, MODULES, 100, &names, &count), 0);
	for (size_t i = 0; i < count; i++)
		assert_true(names[i][0] != '.');
	root_free_names(names, count);
}

/* Two versions of a tree, whose every index differs. */
static void make_version(const struct place *p, bool second)
{
	put_module(p, "kernel/b.ko", "export:b_fn alias=both");
	put_module(p, "kernel/a.ko",
		   second ? "need:b_fn export:new_fn alias=new softdep=pre:n "
			    "weakdep=n alias=devname:n alias=char-major-1-2" :
			    "export:old_fn alias=old softdep=pre:o weakdep=o "
			    "alias=devname:o alias=char-major-1-1");
	put_text(p, MODULES "/modules.builtin",
		 second ? "kernel/n.ko\n" : "kernel/o.ko\n");
	folders(p, MODULES "/modules.builtin.modinfo");
	module_write("alias=unused", at(p, "/unused"));
	put_text(p, MODULES "/modules.builtin.modinfo",
		 second ? "n.alias=n" : "o.alias=o");
}

/* Does this call of a run change files? */
static bool is_step(const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_write:
	case SYS_fsync:
	case SYS_renameat:
#ifdef SYS_renameat2
	case SYS_renameat2:
#endif
	case SYS_unlinkat:
	case SYS_fchmod:
	case SYS_sync_file_range:
	case SYS_flock: return true;
	case SYS_openat: return info->entry.args[2] & O_CREAT;
	default: return false;
	}
}

/*
 * Run the indexer in a process that is killed before its step number @at.
 * False: it came to its end before.
 */
static bool run_killed(struct place *p, int at)
{
	pid_t pid = fork();
	int status, step = 0;

	assert_true(pid >= 0);
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		raise(SIGSTOP);
		_exit(lkm_index_write(&p->options, NULL, NULL) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL,
				PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
			 0);
	for (;;) {
		struct __ptrace_syscall_info info;

		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(WIFSTOPPED(status));
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <
			    0 ||
		    info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_step(&info) ||
		    ++step < at)
			continue;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		return true;
	}
}

/* At each step: every file whole, and the next run puts all in order. */
static void test_kill(void **state)
{
	struct place *p = *state;
	struct set before, after, now;
	int at = 1, mixed = 0;

	make_version(p, true);
	run_well(p);
	set_read(p, &after);
	make_version(p, false);
	run_well(p);
	set_read(p, &before);
	for (size_t i = 0; i < FILES; i++)
		assert_false(same(&before, &after, i));
	for (;; at++) {
		bool killed;

		make_version(p, false);
		run_well(p);
		make_version(p, true);
		killed = run_killed(p, at);
		set_read(p, &now);
		for (size_t i = 0; i < FILES; i++)
			assert_true(same(&now, &before, i) ||
				    same(&now, &after, i));
		mixed += !set_same(&now, &before) && !set_same(&now, &after);
		set_free(&now);
		run_well(p);
		set_read(p, &now);
		assert_true(set_same(&now, &after));
		set_free(&now);
		assert_tidy(p);
		if (!killed)
			break;
	}
	set_free(&before);
	set_free(&after);
	/* Opened, written, synced, renamed: each of eleven. */
	assert_true(at > 44);
	/* What the journal is for did happen. */
	assert_true(mixed >= 9);
}

/* A kill between the renames, then only the lookup of somebody else. */
static void test_torn_is_noticed(void **state)
{
	struct place *p = *state;
	struct lkm_tree_options options = { .size = sizeof(options),
					    .root = p->root,
					    .release = RELEASE };
	int torn = 0;

	for (int at = 1;; at++) {
		const char *const *names;
		struct lkm_tree *tree;
		bool killed;
		size_t count;

		make_version(p, false);
		run_well(p);
		make_version(p, true);
		killed = run_killed(p, at);
		assert_int_equal(lkm_tree_open(&options, &tree, NULL), 0);
		torn += lkm_tree_warning(tree, 0) != NULL;
		/* From the modules themselves, or from a whole set. */
		assert_int_equal(
			lkm_tree_alias(tree, "both", &names, &count, NULL), 1);
		assert_string_equal(names[0], "b");
		lkm_tree_free(tree);
		if (!killed)
			break;
	}
	assert_true(torn > 5);
}

/* Large enough that its indexes do not fit twice. */
static void make_large(const struct place *p, int from, int to)
{
	_cleanup_strbuf_ struct strbuf recipe = { 0 };

	for (int i = from; i < to; i++)
		strbuf_addf(&recipe, "alias=some-long-alias-pattern-%d* ", i);
	assert_false(recipe.failed);
	put_module(p, "kernel/large.ko", recipe.data);
}

static void test_full_disk(void **state)
{
	struct place *p = *state;
	struct set before, now;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", at(p, "/lib"), "tmpfs", 0, "size=800k") < 0)
		skip();
	folders(p, MODULES "/kernel/");
	make_large(p, 0, 2000);
	run_well(p);
	set_read(p, &before);
	make_large(p, 2000, 10000);
	assert_int_equal(run(p), -LKM_ESYSTEM);
	assert_string_equal(lkm_error_id(p->error), "sys.failed");
	assert_int_equal(lkm_error_errno(p->error), ENOSPC);
	set_read(p, &now);
	assert_true(set_same(&before, &now));
	assert_tidy(p);
	set_free(&before);
	set_free(&now);
	assert_int_equal(umount2(at(p, "/lib"), MNT_DETACH), 0);
}

static void test_two_runs(void **state)
{
	struct place *p = *state;
	int dir = open(at(p, MODULES), O_RDONLY | O_DIRECTORY);
	pid_t pids[2];
	int status;

	make_version(p, false);
	assert_true(dir >= 0);
	assert_int_equal(flock(dir, LOCK_EX), 0);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			close(dir);
			_exit(lkm_index_write(&p->options, NULL, NULL) < 0);
		}
	}
	usleep(200000);
	/* They wait; what is installed meanwhile is seen by both. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(waitpid(pids[i], &status, WNOHANG), 0);
	make_version(p, true);
	close(dir);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	run_well(p);
	assert_int_equal(p->report->files_changed, 0);
	assert_tidy(p);
}

int main(void)
{
#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kill),
		TEST(test_torn_is_noticed),
		TEST(test_two_runs),
		TEST(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
