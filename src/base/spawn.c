// SPDX-License-Identifier: LGPL-2.1-or-later
// Child processes: an argument vector, never a shell line.
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

#define OUTPUT_LIMIT ((size_t)16 << 20)
#define KILL_GRACE_MS 2000

struct child {
	pid_t pid;
	int out[2]; /* pipes of stdout and stderr, -1: none */
	int in;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int pipe_for(posix_spawn_file_actions_t *actions, int target, int *ours,
		    int *theirs)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	*ours = target == 0 ? p[1] : p[0];
	*theirs = target == 0 ? p[0] : p[1];
	/* Else a long input blocks us while the child waits to be read. */
	if (target == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return -posix_spawn_file_actions_adddup2(actions, *theirs, target);
}

static int child_start(const struct spawn *s, struct child *c)
{
	_cleanup_close_ int t0 = -1, t1 = -1, t2 = -1;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
			       (s->own_group ? POSIX_SPAWN_SETPGROUP : 0));
	if (s->input)
		rc = pipe_for(&actions, 0, &c->in, &t0);
	else if (s->share_input)
		rc = 0;
	else
		rc = -posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
						       O_RDONLY, 0);
	if (!rc && (s->ret_output || s->output))
		rc = pipe_for(&actions, 1, &c->out[0], &t1);
	if (!rc && s->ret_errors)
		rc = pipe_for(&actions, 2, &c->out[1], &t2);
	if (!rc)
		rc = -posix_spawnp(&c->pid, s->argv[0], &actions, &attr,
				   (char *const *)s->argv,
				   s->env ? (char *const *)s->env : environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* Take what a pipe has, to @b or the sink of @s; closes it at its end. */
static void pipe_drain(int *fd, struct strbuf *b, const struct spawn *s)
{
	size_t limit = s->output_limit ? s->output_limit : OUTPUT_LIMIT;
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return;
	}
	/* Past the limit the child may go on, but nothing is kept. */
	if (!b)
		s->output(s->output_ctx, chunk, (size_t)n);
	else if (b->len < limit)
		strbuf_add(b, chunk, MIN_OF((size_t)n, limit - b->len));
}

static void pipe_feed(int *fd, const char **input)
{
	ssize_t n = write(*fd, *input, strlen(*input));

	if (n > 0)
		*input += n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || !**input) {
		close(*fd);
		*fd = -1;
	}
}

/* Serve the pipes until all are closed or @deadline has passed. */
static int child_serve(const struct spawn *s, struct child *c, int64_t deadline)
{
	struct strbuf *output = s->output ? NULL : s->ret_output;
	const char *input = s->input;

	while (c->in >= 0 || c->out[0] >= 0 || c->out[1] >= 0) {
		struct pollfd p[] = { { c->in, POLLOUT, 0 },
				      { c->out[0], POLLIN, 0 },
				      { c->out[1], POLLIN, 0 } };
		int64_t left = deadline ? deadline - now_ms() : -1;
		int n;

		if (deadline && left <= 0)
			return -ETIMEDOUT;
		n = poll(p, ARRAY_SIZE(p), (int)MIN_OF(left, INT_MAX));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		if (p[0].revents)
			pipe_feed(&c->in, &input);
		if (p[1].revents)
			pipe_drain(&c->out[0], output, s);
		if (p[2].revents)
			pipe_drain(&c->out[1], s->ret_errors, s);
	}
	return 0;
}

/* waitpid() until @deadline (0: for ever). */
static int child_wait(pid_t pid, int64_t deadline, int *ret_status)
{
	for (;;) {
		pid_t got = waitpid(pid, ret_status, deadline ? WNOHANG : 0);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (deadline && now_ms() >= deadline)
			return -ETIMEDOUT;
		if (deadline)
			nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	}
}

/* @target is negative for a group: what the child has started goes with it. */
static void child_kill(pid_t pid, pid_t target, int *ret_status)
{
	int rc;

	kill(target, SIGTERM);
	rc = child_wait(pid, now_ms() + KILL_GRACE_MS, ret_status);
	/* The group's number is taken while anyone is left in it. */
	if (rc < 0 || target < 0)
		kill(target, SIGKILL);
	if (rc < 0)
		child_wait(pid, 0, ret_status);
}

int spawn_start(const struct spawn *s, pid_t *ret)
{
	struct child c = { .out = { -1, -1 }, .in = -1 };
	int rc = child_start(s, &c);

	if (!rc)
		*ret = c.pid;
	return rc;
}

int spawn_run(const struct spawn *s, int *ret_status)
{
	struct child c = { .out = { -1, -1 }, .in = -1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int64_t deadline = s->timeout_ms ? now_ms() + s->timeout_ms : 0;
	int status = 0;
	int rc = child_start(s, &c);

	/* A child that does not read its input must not kill us. */
	sigaction(SIGPIPE, &ignore, &old);
	if (!rc) {
		rc = child_serve(s, &c, deadline);
		if (!rc)
			rc = child_wait(c.pid, deadline, &status);
		if (rc < 0)
			child_kill(c.pid, s->own_group ? -c.pid : c.pid,
				   &status);
		else
			*ret_status = status;
	}
	sigaction(SIGPIPE, &old, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(c.out); i++) {
		if (c.out[i] >= 0)
			close(c.out[i]);
	}
	if (c.in >= 0)
		close(c.in);
	return rc;
}
