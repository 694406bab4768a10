// SPDX-License-Identifier: LGPL-2.1-or-later
// A module system call that can be left while the kernel is still at it.
#include "kernel/wait.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel/syscall.h"

/* After a kill: an init function that waits killably ends within this. */
#define GRACE_MS 200
#define SIGNAL_LAG_MS 50

struct wait {
	pid_t pid;
	int pipe;    /* the child's result: one int */
	int signals; /* signalfd, -1: none to watch */
	int64_t deadline;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int load_direct(const struct load_call *call)
{
	if (call->fd >= 0)
		return sys_finit_module(call->fd, call->params,
					call->init_flags);
	return sys_init_module(call->image, call->size, call->params);
}

/* SIGINT and SIGTERM, but for those that the program ignores or blocks. */
static void signals_to_watch(sigset_t *ret, const sigset_t *blocked)
{
	static const int candidates[] = { SIGINT, SIGTERM };
	struct sigaction action;

	sigemptyset(ret);
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		int sig = candidates[i];

		if (!sigismember(blocked, sig) &&
		    !sigaction(sig, NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(ret, sig);
	}
}

/* Never returns; only calls that are safe in the child of a threaded process.
 */
static void child_main(const struct load_call *call, int out,
		       const sigset_t *mask)
{
	int rc;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	rc = load_direct(call);
	if (write(out, &rc, sizeof(rc)) != (ssize_t)sizeof(rc))
		_exit(1);
	_exit(0);
}

/* Has the child told its result?  Waits until @until. */
static bool take_result(struct wait *w, int64_t until, struct load_result *ret)
{
	struct pollfd p = { w->pipe, POLLIN, 0 };
	int64_t left = until - now_ms();
	int n;

	do {
		n = poll(&p, 1, (int)MAX_OF(left, 0));
		left = until - now_ms();
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	/* End of file: it was killed, so the call did not get to its end. */
	if (read(w->pipe, &ret->rc, sizeof(ret->rc)) !=
	    (ssize_t)sizeof(ret->rc))
		ret->rc = -EINTR;
	ret->end = LOAD_DONE;
	return true;
}

/*
 * Give up on the child.  The kill ends waits inside the call that can be ended;
 * where it can't the child stays until the kernel is done, and init reaps it.
 */
static void give_up(struct wait *w, struct load_result *ret)
{
	struct load_result late = { 0 };

	kill(w->pid, SIGKILL);
	if (take_result(w, now_ms() + GRACE_MS, &late)) {
		waitpid(w->pid, NULL, 0);
		/* It got to its end in the meantime: that is the better answer.
		 */
		if (late.rc != -EINTR)
			*ret = late;
	}
}

static void wait_for_end(struct wait *w, struct load_result *ret)
{
	for (;;) {
		struct pollfd p[] = { { w->pipe, POLLIN, 0 },
				      { w->signals, POLLIN, 0 } };
		int64_t left = w->deadline ? w->deadline - now_ms() : -1;
		struct signalfd_siginfo info;
		int n;

		if (w->deadline && left <= 0) {
			ret->end = LOAD_TIMEOUT;
			return;
		}
		n = poll(p, ARRAY_SIZE(p), (int)MIN_OF(left, INT32_MAX));
		if (n <= 0)
			continue;
		/* The result first: a signal then reaches its handler later. */
		if (p[0].revents && take_result(w, 0, ret) && ret->rc != -EINTR)
			return;
		/* A terminal's Ctrl-C goes to the child too, and ends it. */
		if (!p[1].revents && ret->rc == -EINTR)
			poll(&p[1], 1, SIGNAL_LAG_MS);
		if (p[1].revents &&
		    read(w->signals, &info, sizeof(info)) == sizeof(info)) {
			ret->end = LOAD_SIGNAL;
			ret->signal = (int)info.ssi_signo;
			return;
		}
		if (ret->rc == -EINTR)
			return;
	}
}

static int wait_start(struct wait *w, const struct load_call *call,
		      const sigset_t *mask)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	w->pid = fork();
	if (w->pid == 0)
		child_main(call, p[1], mask);
	close(p[1]);
	w->pipe = p[0];
	return w->pid < 0 ? -errno : 0;
}

int load_wait(const struct load_call *call, unsigned int timeout_ms,
	      struct load_result *ret)
{
	struct wait w = { .pipe = -1, .signals = -1 };
	struct load_result result = { 0 };
	sigset_t watched, before;
	int rc;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	signals_to_watch(&watched, &before);
	pthread_sigmask(SIG_BLOCK, &watched, NULL);
	w.signals = signalfd(-1, &watched, SFD_CLOEXEC);
	w.deadline = timeout_ms ? now_ms() + timeout_ms : 0;
	rc = wait_start(&w, call, &before);
	if (!rc) {
		wait_for_end(&w, &result);
		if (result.end == LOAD_DONE)
			waitpid(w.pid, NULL, 0);
		else
			give_up(&w, &result);
		*ret = result;
	}
	if (w.pipe >= 0)
		close(w.pipe);
	if (w.signals >= 0)
		close(w.signals);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
