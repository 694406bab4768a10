// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting for hosted files and descriptors of the running kernel together.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int exec_timespec_read(struct exec_call *c, uint64_t address, int64_t *ret_ms)
{
	struct timespec t;
	int rc;

	*ret_ms = -1;
	if (!address)
		return 0;
	rc = exec_memory_read((pid_t)c->n.pid, address, &t, sizeof(t));
	if (rc < 0)
		return rc;
	if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= 1000000000)
		return -EINVAL;
	if (t.tv_sec < INT32_MAX)
		*ret_ms = (int64_t)t.tv_sec * 1000 +
			  (t.tv_nsec + 999999) / 1000000;
	return 0;
}

/* pidfd_open() takes only the first thread of a process. */
static pid_t process_of(pid_t tid)
{
	_cleanup_fclose_ FILE *f = NULL;
	char line[256];
	int pid = tid;

	snprintf(line, sizeof(line), "/proc/%d/status", tid);
	f = fopen(line, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Tgid:", 5))
			pid = (int)strtol(line + 5, NULL, 10);
	}
	return pid;
}

int exec_fd_copy(struct exec_call *c, int fd)
{
	pid_t pid = process_of((pid_t)c->n.pid);
	_cleanup_close_ int process = (int)syscall(__NR_pidfd_open, pid, 0);
	int copy = process < 0 ? -1 :
				 (int)syscall(__NR_pidfd_getfd, process, fd, 0);

	return copy < 0 ? -errno : copy;
}

static int64_t count_ready(const struct exec_wait *w)
{
	int64_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += w->watches[i].revents != 0;
	return n;
}

static void take_reply(struct exec_watch *a, const struct exec_reply *r)
{
	/* What cannot be asked is broken, and so is what reads of it give. */
	if (r->status >= 0)
		a->revents = r->revents;
	else if (r->status != -EINTR && r->status > -EXEC_ERESTARTSYS)
		a->revents = POLLERR;
}

/* What is ready by now. */
static int64_t look(struct exec_call *c, struct exec_wait *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct exec_watch *a = &w->watches[i];
		struct pollfd p = { a->fd, (short)a->events, 0 };
		struct exec_request q = { .verb = EXEC_POLL,
					  .events = a->events };
		struct exec_reply reply;

		if (!a->handle) {
			if (a->fd >= 0 && poll(&p, 1, 0) > 0)
				a->revents = (unsigned short)p.revents;
			continue;
		}
		q.handle = a->handle->remote;
		if (exec_ask(c, &q, &reply))
			return -EIO;
		take_reply(a, &reply);
	}
	return count_ready(w);
}

/* Ask for each hosted file, on a connection of its own. */
static int start(struct exec_call *c, struct exec_wait *w, struct pollfd *fds)
{
	struct exec *x = c->x;

	for (size_t i = 0; i < w->count; i++) {
		struct exec_watch *a = &w->watches[i];
		struct exec_request q = { .verb = EXEC_POLL,
					  .events = a->events,
					  .timeout_ms = -1 };

		fds[i] = (struct pollfd){ a->fd, (short)a->events, 0 };
		if (!a->handle)
			continue;
		a->session = exec_session_get(x);
		if (!a->session)
			return -ENOMEM;
		q.handle = a->handle->remote;
		if (x->backend->send(a->session, &q))
			return -EIO;
		fds[i] = (struct pollfd){ a->session->fd, POLLIN, 0 };
	}
	return 0;
}

/* End what was started; what became ready meanwhile counts. */
static void finish(struct exec_call *c, struct exec_wait *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct exec_watch *a = &w->watches[i];
		struct exec_reply reply;

		if (!a->session)
			continue;
		c->x->backend->interrupt(a->session);
		if (!exec_finish(c, a->session, &reply))
			take_reply(a, &reply);
		exec_session_put(c->x, a->session);
		a->session = NULL;
	}
}

/* Take what came; false: nothing is ready yet. */
static bool take(struct exec_call *c, struct exec_wait *w,
		 const struct pollfd *fds)
{
	bool ready = false;

	for (size_t i = 0; i < w->count; i++) {
		struct exec_watch *a = &w->watches[i];
		struct exec_reply reply;
		int rc;

		if (!fds[i].revents)
			continue;
		if (!a->handle) {
			a->revents = (unsigned short)fds[i].revents;
			ready = true;
			continue;
		}
		rc = c->x->backend->receive(a->session, &reply);
		if (!rc)
			continue;
		if (rc > 0)
			take_reply(a, &reply);
		else
			a->revents = POLLERR;
		exec_session_put(c->x, a->session);
		a->session = NULL;
		ready = true;
	}
	return ready;
}

/* 0, or the errno of a disturbed wait. */
static int64_t wait_for_one(struct exec_call *c, struct exec_wait *w,
			    struct pollfd *fds)
{
	int64_t end = now_ms() + w->timeout_ms;

	for (;;) {
		int64_t left = w->timeout_ms < 0 ? EXEC_TICK_MS :
						   end - now_ms();
		int n = poll(fds, w->count,
			     (int)MAX_OF(0, MIN_OF(left, EXEC_TICK_MS)));

		if (n > 0 && take(c, w, fds))
			return 0;
		if (w->timeout_ms >= 0 && now_ms() >= end)
			return 0;
		if (n == 0 && exec_call_disturbed(c, w->mask))
			/*
			 * With a mask of its own the signal is not taken
			 * before the call has ended.
			 */
			return c->shared || w->mask ? -EINTR :
						      -EXEC_ERESTARTNOHAND;
	}
}

int64_t exec_wait(struct exec_call *c, struct exec_wait *w)
{
	int64_t ready = look(c, w), rc;
	_cleanup_free_ struct pollfd *fds = NULL;

	if (ready || !w->timeout_ms)
		return ready;
	fds = calloc(w->count + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	exec_abdicate(c);
	rc = start(c, w, fds);
	if (!rc)
		rc = wait_for_one(c, w, fds);
	finish(c, w);
	ready = count_ready(w);
	return ready ? ready : rc;
}
