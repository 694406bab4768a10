// SPDX-License-Identifier: LGPL-2.1-or-later
// Programs before a hosted kernel, of which here only the files are made up.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "exec-fake.h"
#include "kernel/exec/exec.h"

#define FILES FAKE_FIFO, FAKE_DATA

static struct fake_seen *seen;
static char client[PATH_MAX];
static char output[4096];

/* Run and keep what it prints; its end. */
static struct exec_outcome run(const char *const *argv)
{
	struct exec_outcome o = { 0 };
	int kept[2] = { dup(1), dup(2) };
	int file = memfd_create("output", MFD_CLOEXEC);
	ssize_t n;

	memset(seen, 0, sizeof(*seen));
	dup2(file, 1);
	dup2(file, 2);
	assert_int_equal(exec_run(fake_backend(seen), argv, &o), 0);
	dup2(kept[0], 1);
	dup2(kept[1], 2);
	close(kept[0]);
	close(kept[1]);
	n = pread(file, output, sizeof(output) - 1, 0);
	output[MAX_OF(n, 0)] = 0;
	close(file);
	return o;
}

static int run_status(const char *const *argv)
{
	struct exec_outcome o = run(argv);

	assert_int_equal(o.end, EXEC_ENDED);
	/* What a program leaves open is closed before its end is told. */
	if (!o.lingers)
		assert_int_equal(atomic_load(&seen->opened),
				 atomic_load(&seen->closed));
	return o.status;
}

#define RUN(...) run_status((const char *const[]){ __VA_ARGS__, NULL })
#define SHELL(script) RUN("sh", "-c", script)

static void expect_shell(const char *script, const char *prints)
{
	int status = SHELL(script);

	assert_string_equal(output, prints);
	assert_int_equal(status, 0);
}

static void client_case(void **state)
{
	int status = RUN(client, FILES, *state);

	if (status)
		print_error("%s: status %d: %s", (char *)*state, status,
			    output);
	assert_int_equal(status, 0);
	assert_true(atomic_load(&seen->opened) > 0);
}

static void test_status(void **state)
{
	struct exec_outcome o;
	const char *const none[] = { "/nonexistent/program", NULL };
	const char *const directory[] = { "/", NULL };

	assert_int_equal(WEXITSTATUS(SHELL("exit 7")), 7);
	assert_int_equal(WTERMSIG(SHELL("kill -TERM $$")), SIGTERM);
	o = run(none);
	assert_int_equal(o.end, EXEC_NO_PROGRAM);
	assert_int_equal(o.err, ENOENT);
	o = run(directory);
	assert_int_equal(o.end, EXEC_NO_PROGRAM);
	assert_int_equal(o.err, EACCES);
}

static void test_shell(void **state)
{
	expect_shell("cat " FAKE_TEXT, "exec text\nsecond line\n");
	expect_shell("echo hi > " FAKE_FIFO "; head -c 3 < " FAKE_FIFO, "hi\n");
	expect_shell("exec 3<" FAKE_TEXT "; read a <&3; read b <&3; "
		     "echo \"$b/$a\"",
		     "second line/exec text\n");
	expect_shell("exec 9<>" FAKE_FIFO "; echo x >&9; cat <&9 & sleep 0.1; "
		     "kill $!; wait $! 2>/dev/null; echo $?",
		     "x\n143\n");
	expect_shell("{ read a; read b; } < " FAKE_TEXT " && echo $b",
		     "second line\n");
	expect_shell("cd /sys/exec 2>/dev/null; ls " FAKE_DIR " | wc -l; "
		     "test -c " FAKE_FIFO " && echo char; "
		     "readlink " FAKE_LINK,
		     "300\nchar\n" FAKE_TEXT "\n");
	expect_shell("echo z | tee " FAKE_FIFO "; cat " FAKE_TEXT
		     " | tail -n 1; dd if=" FAKE_FIFO " count=1 status=none",
		     "z\nsecond line\nz\n");
	expect_shell("cat /dev/stdin < " FAKE_TEXT
		     "; cp /dev/fd/3 /dev/stdout 3< " FAKE_TEXT " | cat",
		     "exec text\nsecond line\nexec text\nsecond line\n");
}

static void test_native(void **state)
{
	/* What is not hosted is as ever. */
	expect_shell("echo a > /dev/null; head -c 4 /dev/zero | wc -c; "
		     "test -e /dev/exec_none || echo none; "
		     "test -e /proc/$$/status && echo own; "
		     "test -e /sys/kernel || echo hosted only",
		     "4\nnone\nown\nhosted only\n");
	expect_shell("x=$(printf abc | cat); echo $x", "abc\n");
}

static void test_busybox(void **state)
{
	if (access("/usr/bin/busybox", X_OK) && access("/bin/busybox", X_OK))
		skip();
	/* busybox moves bytes by sendfile(2) where it can. */
	expect_shell("printf 12345 | busybox cat > " FAKE_FIFO
		     "; busybox dd if=" FAKE_FIFO " bs=5 count=1 2>/dev/null; "
		     "busybox cat " FAKE_TEXT "; busybox ls -l " FAKE_FIFO
		     " | cut -c1-10",
		     "12345exec text\nsecond line\ncrw-rw-rw-\n");
}

static void test_kill(void **state)
{
	int status = SHELL("exec 3<>" FAKE_FIFO
			   "; (head -c 1 <&3) & sleep 0.1; kill -KILL $!; "
			   "wait $!");

	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
	assert_int_equal(atomic_load(&seen->interrupted), 1);
	status = RUN("timeout", "0.2", client, FILES, "wait");
	assert_int_equal(WEXITSTATUS(status), 124);
	assert_string_equal(output, "waiting\n");
}

static void test_left_behind(void **state)
{
	const char *const argv[] = { "sh", "-c",
				     "(sleep 0.3; head -c 1 < " FAKE_FIFO
				     ") & echo y > " FAKE_FIFO,
				     NULL };
	struct exec_outcome o = run(argv);
	int left = 3000;

	assert_int_equal(o.end, EXEC_ENDED);
	assert_true(o.lingers);
	while (--left && atomic_load(&seen->closed) < 2)
		usleep(1000);
	assert_int_equal(atomic_load(&seen->closed), 2);
}

static void test_many(void **state)
{
	/* More blocked at once than a supervisor has threads at first */
	expect_shell("(for i in 1 2 3 4 5 6 7 8 9 10; do head -c 1 < " FAKE_FIFO
		     " & done; sleep 0.2; printf 0123456789 > " FAKE_FIFO
		     "; wait) | fold -w 1 | sort | tr -d '\\n'",
		     "0123456789");
	assert_true(atomic_load(&seen->connections) >= 11);
}

static void test_sides(void **state)
{
	static const struct {
		const char *path;
		enum exec_side side;
	} cases[] = {
		{ "/dev/null", EXEC_NATIVE },
		{ "/dev/nullx", EXEC_HOSTED_FIRST },
		{ "/dev/pts/3", EXEC_NATIVE },
		{ "/dev", EXEC_HOSTED_FIRST },
		{ "/dev/input/event0", EXEC_HOSTED_FIRST },
		{ "/developer", EXEC_NATIVE },
		{ "/proc", EXEC_NATIVE },
		{ "/proc/1/status", EXEC_NATIVE },
		{ "/proc/self/maps", EXEC_NATIVE },
		{ "/proc/modules", EXEC_HOSTED_FIRST },
		{ "/proc/sys/vm/overcommit_memory", EXEC_HOSTED_LAST },
		{ "/proc/sys/kernel/tainted", EXEC_HOSTED_FIRST },
		{ "/sys", EXEC_HOSTED },
		{ "/sys/module/dummy", EXEC_HOSTED },
		{ "/sys/devices/system/cpu/online", EXEC_NATIVE },
		{ "/etc/passwd", EXEC_NATIVE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (exec_path_side(cases[i].path) != cases[i].side)
			fail_msg("%s", cases[i].path);
	}
}

/* What test_nested() runs: a supervisor that is itself supervised */
static int nested(void)
{
	const char *const argv[] = { "true", NULL };
	struct exec_outcome o;

	if (exec_run(fake_backend(seen), argv, &o) < 0)
		return 1;
	return o.end == EXEC_NO_NOTIFY && o.err == EBUSY ? 0 : 2;
}

/* What test_kernel() runs: what belongs to a kernel is the hosted one's. */
static int use_kernel(void)
{
	static const char module[] = FAKE_MODULE;
	int fd = memfd_create("module", 0);
	struct utsname u;
	char log[64];

	if (syscall(__NR_init_module, module, 6, "a=1") ||
	    syscall(__NR_init_module, module, 6, "a=1") != -1 ||
	    errno != EEXIST || syscall(__NR_delete_module, "made_up", 0) ||
	    syscall(__NR_delete_module, "made_up", 0) != -1 || errno != ENOENT)
		return 1;
	if (write(fd, module, 6) != 6 ||
	    syscall(__NR_finit_module, fd, "a=1", 0) ||
	    syscall(__NR_delete_module, "made_up", 0) ||
	    syscall(__NR_finit_module, fd, "a=2", 0) != -1 || errno != ENOEXEC)
		return 2;
	/* All of the log, its end, and nothing of it */
	if (syscall(__NR_syslog, 3, log, sizeof(log)) != 46 ||
	    syscall(__NR_syslog, 3, log, 30) != 23 ||
	    memcmp(log, "<6>[    0.000001] line\n", 23) != 0 ||
	    syscall(__NR_syslog, 5, NULL, 0) ||
	    syscall(__NR_syslog, 3, log, sizeof(log)) != 0)
		return 3;
	return uname(&u) || strcmp(u.release, "6.1.0-made-up") != 0;
}

static void test_kernel(void **state)
{
	assert_int_equal(RUN("/proc/self/exe", "kernel"), 0);
	expect_shell("uname -r", "6.1.0-made-up\n");
}

static void test_nested(void **state)
{
	assert_int_equal(RUN("/proc/self/exe", "nested"), 0);
}

#define CASE(name)                                            \
	{                                                     \
		"exec-client " name, client_case, NULL, NULL, \
			(void *)(uintptr_t)name               \
	}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_busybox),
		CASE("dup"),
		CASE("fork"),
		CASE("exec"),
		CASE("threads"),
		CASE("signal"),
		CASE("poll"),
		CASE("select"),
		CASE("epoll"),
		CASE("ioctl"),
		CASE("seek"),
		CASE("sync"),
		CASE("errors"),
		CASE("stat"),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_nested),
	};

	snprintf(client, sizeof(client), "%s", getenv("EXEC_CLIENT"));
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc > 1)
		return strcmp(argv[1], "nested") ? use_kernel() : nested();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
