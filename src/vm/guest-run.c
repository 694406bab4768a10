// SPDX-License-Identifier: LGPL-2.1-or-later
// Inside the guest: running one command and passing on what it prints.
#include "vm/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static void write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

void guest_send(int line, enum wire_type type, const void *bytes, size_t len)
{
	const char *p = bytes;

	do {
		size_t n = MIN_OF(len, (size_t)WIRE_PAYLOAD_MAX);
		uint8_t head[WIRE_HEADER];

		wire_header(type, n, head);
		write_all(line, head, sizeof(head));
		write_all(line, p, n);
		p += n;
		len -= n;
	} while (len);
}

void guest_sendf(int line, enum wire_type type, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		guest_send(line, type, text,
			   MIN_OF((size_t)n, sizeof(text) - 1));
}

/* In the child: never returns. */
static void child_exec(const char *const *argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "%s: %s\n", argv[0], strerrordesc_np(errno));
	_exit(127);
}

static int exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

/* As the first process we are given every orphan; only @pid's end counts. */
static bool reap(pid_t pid, bool wait, int *ret_status)
{
	int status;
	pid_t got;

	while ((got = waitpid(-1, &status, wait ? 0 : WNOHANG)) != 0) {
		if (got == pid) {
			*ret_status = exit_status(status);
			return true;
		}
		if (got < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/* Pass on what is there; false at the end of the pipe. */
static bool drain(int line, int fd, enum wire_type type)
{
	char bytes[WIRE_PAYLOAD_MAX];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n > 0)
		guest_send(line, type, bytes, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

/*
 * Until the command has ended and its pipes are empty.  A background process
 * that keeps them open does not keep us: its later output is lost.
 */
static int serve(int line, pid_t pid, int out, int err)
{
	bool ended = false, more = true;
	int status = 127;

	while (!ended || more) {
		struct pollfd p[] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };

		more = poll(p, ARRAY_SIZE(p), ended ? 0 : 20) > 0;
		if (p[0].revents && more && !drain(line, out, WIRE_STDOUT))
			out = -1;
		if (p[1].revents && more && !drain(line, err, WIRE_STDERR))
			err = -1;
		if (!ended)
			ended = reap(pid, out < 0 && err < 0, &status);
	}
	return status;
}

int guest_run(int line, const char *const *argv)
{
	int out[2], err[2], null, status;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return 127;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		setsid();
		child_exec(argv);
	}
	close(out[1]);
	close(err[1]);
	status = pid < 0 ? 127 : serve(line, pid, out[0], err[0]);
	close(out[0]);
	close(err[0]);
	return status;
}

int guest_run_console(const char *tty, const char *const *argv)
{
	int status = 127;
	pid_t pid = fork();

	if (pid == 0) {
		int fd;

		setsid();
		fd = open(tty, O_RDWR);
		ioctl(fd, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		child_exec(argv);
	}
	if (pid > 0)
		reap(pid, true, &status);
	return status;
}
