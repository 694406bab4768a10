// SPDX-License-Identifier: LGPL-2.1-or-later
// Children: what they are given, what they answer, how they end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/spawn.h"

static void children_answer(void **state)
{
	const char *const cat[] = { "cat", NULL };
	const char *const fail[] = { "sh", "-c", "echo no >&2; exit 3", NULL };
	const char *const none[] = { "no-such-program-here", NULL };
	struct strbuf out = { 0 }, err = { 0 };
	struct spawn s = { .argv = cat, .input = "hello", .ret_output = &out };
	int status = -1;

	assert_int_equal(spawn_run(&s, &status), 0);
	assert_int_equal(status, 0);
	assert_string_equal(strbuf_str(&out), "hello");
	s = (struct spawn){ .argv = fail, .ret_errors = &err };
	assert_int_equal(spawn_run(&s, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_string_equal(strbuf_str(&err), "no\n");
	s = (struct spawn){ .argv = none };
	assert_int_equal(spawn_run(&s, &status), -ENOENT);
	strbuf_release(&out);
	strbuf_release(&err);
}

/* More than a pipe holds, in both directions at once. */
static void long_input_does_not_block(void **state)
{
	const char *const cat[] = { "cat", NULL };
	const size_t size = (size_t)1 << 20;
	char *input = calloc(1, size + 1);
	struct strbuf out = { 0 };
	struct spawn s = { .argv = cat,
			   .input = input,
			   .ret_output = &out,
			   .timeout_ms = 20000 };
	int status = -1;

	memset(input, 'x', size);
	assert_int_equal(spawn_run(&s, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(out.len, size);
	assert_memory_equal(out.data, input, size);
	strbuf_release(&out);
	free(input);
}

static void children_need_not_read(void **state)
{
	const char *const quick[] = { "true", NULL };
	char *input = calloc(1, (1 << 20) + 1);
	struct spawn s = { .argv = quick, .input = input };
	int status = -1;

	memset(input, 'x', 1 << 20);
	assert_int_equal(spawn_run(&s, &status), 0);
	assert_int_equal(status, 0);
	free(input);
}

static void output_has_a_limit(void **state)
{
	const char *const talk[] = { "head", "-c", "100000", "/dev/zero",
				     NULL };
	struct strbuf out = { 0 };
	struct spawn s = { .argv = talk,
			   .ret_output = &out,
			   .output_limit = 1000,
			   .timeout_ms = UINT32_MAX };
	int status = -1;

	assert_int_equal(spawn_run(&s, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(out.len, 1000);
	strbuf_release(&out);
}

/* Also without being waited for at once */
static void children_go_on_by_themselves(void **state)
{
	const char *const fail[] = { "sh", "-c", "sleep 0.1; exit 4", NULL };
	const char *const none[] = { "no-such-program-here", NULL };
	struct spawn s = { .argv = fail };
	int status;
	pid_t pid;

	assert_int_equal(spawn_start(&s, &pid), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 4);
	s.argv = none;
	assert_int_equal(spawn_start(&s, &pid), -ENOENT);
}

static void children_get_what_is_theirs(void **state)
{
	const char *const show[] = {
		"/bin/sh", "-c", "cat; echo \"$A-$B\"; ls /proc/$$/fd | wc -l",
		NULL
	};
	const char *const env[] = { "A=1", "PATH=/usr/bin:/bin", NULL };
	struct strbuf out = { 0 };
	struct spawn s = { .argv = show, .env = env, .ret_output = &out };
	int status = -1, fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setenv("B", "ours", 1);
	assert_int_equal(spawn_run(&s, &status), 0);
	close(fd);
	assert_int_equal(status, 0);
	assert_true(strncmp(out.data, "1-\n", 3) == 0);
	strbuf_release(&out);
}

static void deaths_are_told(void **state)
{
	const char *const die[] = { "sh", "-c", "kill -9 $$", NULL };
	const char *const stay[] = { "sh", "-c", "trap '' TERM; exec sleep 60",
				     NULL };
	struct spawn s = { .argv = die };
	int status = -1;

	assert_int_equal(spawn_run(&s, &status), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	/* one that does not heed SIGTERM */
	s = (struct spawn){ .argv = stay, .timeout_ms = 100 };
	assert_int_equal(spawn_run(&s, &status), -ETIMEDOUT);
}

static void children_end_in_time(void **state)
{
	const char *const sleeper[] = { "sleep", "60", NULL };
	struct spawn s = { .argv = sleeper, .timeout_ms = 100 };
	time_t start = time(NULL);
	int status;

	assert_int_equal(spawn_run(&s, &status), -ETIMEDOUT);
	assert_true(time(NULL) - start < 30);
}

/* A pipe that its grandchild holds is closed when the group is gone. */
static void a_group_ends_together(void **state)
{
	const char *const parent[] = { "sh", "-c", "sleep 60 & wait", NULL };
	struct spawn s = { .argv = parent,
			   .timeout_ms = 200,
			   .own_group = true };
	int pipes[2], status;
	char c;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(spawn_run(&s, &status), -ETIMEDOUT);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 0);
	close(pipes[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_answer),
		cmocka_unit_test(long_input_does_not_block),
		cmocka_unit_test(children_need_not_read),
		cmocka_unit_test(output_has_a_limit),
		cmocka_unit_test(children_go_on_by_themselves),
		cmocka_unit_test(children_get_what_is_theirs),
		cmocka_unit_test(deaths_are_told),
		cmocka_unit_test(children_end_in_time),
		cmocka_unit_test(a_group_ends_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
