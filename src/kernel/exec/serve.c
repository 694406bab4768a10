// SPDX-License-Identifier: LGPL-2.1-or-later
// The supervisor of a program before a hosted kernel: calls come, answers go.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#define EVENTS 16

/*
 * One thread leads: it waits for what happens and answers calls at once.  When
 * an answer takes longer it steps back, and another thread leads, a new one
 * where none waits; with its answer given it queues up to lead again.  So quick
 * answers cost no change of threads, and a blocked one holds up nobody.
 */
struct worker {
	struct exec *x;
	struct exec_session *session;
};

static void *work(void *arg);

static bool worker_start(struct exec *x)
{
	pthread_t thread;
	struct worker *w;

	if (atomic_load(&x->threads) >= EXEC_THREADS_MAX)
		return false;
	w = calloc(1, sizeof(*w));
	if (!w)
		return false;
	w->x = x;
	w->session = exec_session_get(x);
	if (!w->session || pthread_create(&thread, NULL, work, w)) {
		exec_session_put(x, w->session);
		free(w);
		return false;
	}
	pthread_detach(thread);
	atomic_fetch_add(&x->threads, 1);
	return true;
}

void exec_abdicate(struct exec_call *c)
{
	struct exec *x = c->x;

	if (!c->leading)
		return;
	/* Without a successor the others have to wait. */
	if (!atomic_load(&x->waiting) && !worker_start(x))
		return;
	c->leading = false;
	pthread_mutex_unlock(&x->lead);
}

static void answer(struct exec_call *c, int64_t rc)
{
	struct seccomp_notif_resp r = { .id = c->n.id };

	if (rc == EXEC_ANSWERED)
		return;
	if (rc == EXEC_CONTINUE)
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (rc < 0)
		r.error = (int32_t)rc;
	else
		r.val = rc;
	/* It fails where the process is gone: then nobody waits. */
	ioctl(c->x->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

static void serve_call(struct exec_call *c)
{
	exec_handler *handler;

	memset(&c->n, 0, sizeof(c->n));
	if (ioctl(c->x->listener, SECCOMP_IOCTL_NOTIF_RECV, &c->n) < 0) {
		c->n.pid = 0;
		return;
	}
	c->interrupted = c->shared = false;
	handler = exec_filter_handler(c->n.data.nr);
	answer(c, handler ? handler(c) : EXEC_CONTINUE);
	c->n.pid = 0;
}

/* What the closing of descriptors still has to close over there. */
static void drain(struct exec *x)
{
	const struct timespec tick = { 0, 1000000 };

	for (int i = 0; i < 1000 && atomic_load(&x->handle_count); i++) {
		struct epoll_event events[EVENTS];
		struct exec_call c = { .x = x, .session = exec_session_get(x) };
		int n = c.session ? epoll_wait(x->epoll, events, EVENTS, 0) : 0;

		for (int k = 0; k < n; k++) {
			if (events[k].data.u64 >= EXEC_EVENT_PIPES)
				exec_handle_gone(&c, events[k].data.u64 -
							     EXEC_EVENT_PIPES);
		}
		exec_session_put(x, c.session);
		nanosleep(&tick, NULL);
	}
}

/* Orphans of the program have become our children. */
static void serve_signal(struct exec *x)
{
	struct signalfd_siginfo info;
	bool ended = false;
	int status, last = 0;
	pid_t pid;

	while (read(x->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != x->child)
			continue;
		ended = true;
		last = status;
	}
	/* No children: no process with the filter is left. */
	if (pid < 0)
		drain(x);
	if (ended)
		exec_report(x, last, pid == 0);
	if (pid < 0)
		exec_end();
}

static void lead(struct exec_call *c)
{
	struct exec *x = c->x;
	struct epoll_event events[EVENTS];
	int n = epoll_wait(x->epoll, events, EVENTS, -1);

	/*
	 * In the order in which they came: a program that closes a file and
	 * then opens it again finds it closed.
	 */
	for (int i = 0; i < n && c->leading; i++) {
		uint64_t what = events[i].data.u64;

		if (what >= EXEC_EVENT_PIPES) {
			exec_handle_gone(c, what - EXEC_EVENT_PIPES);
		} else if (what == EXEC_EVENT_SIGNAL) {
			serve_signal(x);
		} else if (what == EXEC_EVENT_REPORT) {
			/* The starter is gone: so is who waits for an end. */
			epoll_ctl(x->epoll, EPOLL_CTL_DEL, x->report, NULL);
			kill(x->child, SIGTERM);
		} else if (events[i].events & EPOLLIN) {
			serve_call(c);
		} else {
			/* Its last process ended, and will be waited for. */
			epoll_ctl(x->epoll, EPOLL_CTL_DEL, x->listener, NULL);
		}
	}
}

_Noreturn static void serve_as(struct exec *x, struct exec_session *session)
{
	struct exec_call c = { .x = x, .session = session };

	for (;;) {
		atomic_fetch_add(&x->waiting, 1);
		pthread_mutex_lock(&x->lead);
		atomic_fetch_sub(&x->waiting, 1);
		c.leading = true;
		while (c.leading)
			lead(&c);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct exec *x = w->x;
	struct exec_session *session = w->session;

	free(w);
	serve_as(x, session);
}

int exec_serve(struct exec *x)
{
	const struct {
		int fd;
		uint64_t what;
	} sources[] = { { x->listener, EXEC_EVENT_CALL },
			{ x->signals, EXEC_EVENT_SIGNAL },
			{ x->report, EXEC_EVENT_REPORT } };
	struct exec_session *session = exec_session_get(x);

	if (!session)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct epoll_event event = { 0 };

		if (sources[i].what != EXEC_EVENT_REPORT)
			event.events = EPOLLIN;
		event.data.u64 = sources[i].what;
		if (epoll_ctl(x->epoll, EPOLL_CTL_ADD, sources[i].fd, &event) <
		    0)
			return -errno;
	}
	serve_as(x, session);
}
