// SPDX-License-Identifier: LGPL-2.1-or-later
// Epoll instances of a program that have hosted files in them.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define ARG(c, i) ((c)->n.data.args[i])
#define FD(c, i) ((int)(c)->n.data.args[i])
#define EVENTS_MAX 4096
#define DISARMED EPOLLONESHOT /* by an event that was told */

/* The instance that the program means by @fd, NULL: ours has no part in it. */
static struct exec_epoll *epoll_find(struct exec_call *c, int fd)
{
	struct exec *x = c->x;

	for (size_t i = 0; i < x->epolls.len; i++) {
		if (!syscall(__NR_kcmp, getpid(), (pid_t)c->n.pid, KCMP_FILE,
			     (unsigned long)x->epolls.data[i].fd,
			     (unsigned long)fd))
			return &x->epolls.data[i];
	}
	return NULL;
}

static struct exec_epoll *epoll_add(struct exec_call *c, int fd)
{
	struct exec_epoll e = { .fd = exec_fd_copy(c, fd) };
	char name[32], what[64];

	if (e.fd < 0)
		return NULL;
	snprintf(name, sizeof(name), "fd/%d", e.fd);
	if (exec_proc_link(getpid(), name, what, sizeof(what)) < 0 ||
	    strcmp(what, "anon_inode:[eventpoll]") != 0 ||
	    !vec_push(&c->x->epolls, e)) {
		close(e.fd);
		return NULL;
	}
	return &c->x->epolls.data[c->x->epolls.len - 1];
}

static void epoll_drop_empty(struct exec *x)
{
	for (size_t i = 0; i < x->epolls.len;) {
		struct exec_epoll *e = &x->epolls.data[i];

		if (e->items.len) {
			i++;
			continue;
		}
		close(e->fd);
		vec_release(&e->items);
		*e = x->epolls.data[--x->epolls.len];
	}
}

static size_t item_find(const struct exec_epoll *e, const struct exec_handle *h)
{
	size_t i = 0;

	while (i < e->items.len && e->items.data[i].handle != h)
		i++;
	return i;
}

static void item_remove(struct exec_epoll *e, size_t i)
{
	e->items.data[i] = e->items.data[--e->items.len];
}

void exec_epolls_forget(struct exec *x, const struct exec_handle *h)
{
	for (size_t i = 0; i < x->epolls.len; i++) {
		struct exec_epoll *e = &x->epolls.data[i];
		size_t at = item_find(e, h);

		if (at < e->items.len)
			item_remove(e, at);
	}
	epoll_drop_empty(x);
}

/* Under the lock. */
static int64_t control(struct exec_call *c, struct exec_handle *h, int op,
		       const struct epoll_event *event)
{
	struct exec_epoll *e = epoll_find(c, FD(c, 0));
	size_t at = e ? item_find(e, h) : 0;
	bool there = e && at < e->items.len;
	struct exec_epoll_item item = { .handle = h,
					.events = event->events,
					.data = event->data.u64 };

	if (op == EPOLL_CTL_ADD && there)
		return -EEXIST;
	if (op == EPOLL_CTL_ADD) {
		if (!e)
			e = epoll_add(c, FD(c, 0));
		if (!e)
			return -EINVAL;
		return vec_push(&e->items, item) ? 0 : -ENOMEM;
	}
	if (!there)
		return -ENOENT;
	if (op == EPOLL_CTL_DEL)
		item_remove(e, at);
	else
		e->items.data[at] = item;
	epoll_drop_empty(c->x);
	return 0;
}

int64_t exec_epoll_ctl(struct exec_call *c)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 2));
	struct epoll_event event = { 0 };
	int op = (int)ARG(c, 1);
	int64_t rc = 0;

	if (!h)
		return EXEC_CONTINUE;
	if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
		rc = -EINVAL;
	if (!rc && op != EPOLL_CTL_DEL)
		rc = exec_memory_read((pid_t)c->n.pid, ARG(c, 3), &event,
				      sizeof(event));
	/*
	 * When a state begins is not known here, only that it is.  EPERM is
	 * what a regular file gives: runtimes then use it without epoll.
	 */
	if (!rc && (event.events & EPOLLET))
		rc = -EPERM;
	if (!rc) {
		pthread_mutex_lock(&c->x->lock);
		rc = control(c, h, op, &event);
		pthread_mutex_unlock(&c->x->lock);
	}
	exec_handle_put(c, h);
	return rc;
}

/* The hosted files of an instance, and the instance itself behind them. */
static int64_t watch_instance(struct exec_call *c, struct exec_wait *w)
{
	struct exec_epoll *e = epoll_find(c, FD(c, 0));

	if (!e)
		return EXEC_CONTINUE;
	w->watches = calloc(e->items.len + 1, sizeof(*w->watches));
	if (!w->watches)
		return -ENOMEM;
	for (size_t i = 0; i < e->items.len; i++) {
		struct exec_watch *a = &w->watches[w->count];

		if (e->items.data[i].events == DISARMED)
			continue;
		a->handle = e->items.data[i].handle;
		a->handle->users++;
		/* EPOLLIN and so on are POLLIN and so on. */
		a->events = e->items.data[i].events & 0xffff;
		w->count++;
	}
	w->watches[w->count++] = (struct exec_watch){
		.fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 0), .events = POLLIN
	};
	return 0;
}

/* What is ready as the program's events; how many. */
static size_t gather(struct exec_call *c, const struct exec_wait *w,
		     struct epoll_event *events, size_t max)
{
	struct exec_epoll *e;
	size_t n = 0;

	pthread_mutex_lock(&c->x->lock);
	e = epoll_find(c, FD(c, 0));
	for (size_t i = 0; e && i < w->count && n < max; i++) {
		const struct exec_watch *a = &w->watches[i];
		size_t at = a->handle ? item_find(e, a->handle) : e->items.len;

		if (!a->revents || at == e->items.len)
			continue;
		events[n].events = a->revents;
		events[n++].data.u64 = e->items.data[at].data;
		if (e->items.data[at].events & EPOLLONESHOT)
			e->items.data[at].events = DISARMED;
	}
	pthread_mutex_unlock(&c->x->lock);
	if (w->watches[w->count - 1].revents && n < max) {
		int more = epoll_wait(w->watches[w->count - 1].fd, events + n,
				      (int)(max - n), 0);

		n += (size_t)MAX_OF(more, 0);
	}
	return n;
}

static void watches_release(struct exec_call *c, struct exec_wait *w)
{
	for (size_t i = 0; i < w->count; i++)
		exec_handle_put(c, w->watches[i].handle);
	if (w->count && w->watches[w->count - 1].fd >= 0)
		close(w->watches[w->count - 1].fd);
	free(w->watches);
}

static int64_t do_wait(struct exec_call *c, struct exec_wait *w)
{
	int max = (int)ARG(c, 2);
	_cleanup_free_ struct epoll_event *events = NULL;
	size_t n = 0;
	int64_t rc;

	if (!atomic_load(&c->x->handle_count) || max <= 0)
		return EXEC_CONTINUE;
	max = MIN_OF(max, EVENTS_MAX);
	events = calloc((size_t)max, sizeof(*events));
	if (!events)
		return -ENOMEM;
	pthread_mutex_lock(&c->x->lock);
	rc = watch_instance(c, w);
	pthread_mutex_unlock(&c->x->lock);
	/* Another thread may have taken what was ready. */
	while (!rc && !n) {
		rc = exec_wait(c, w);
		if (rc <= 0)
			break;
		n = gather(c, w, events, (size_t)max);
		rc = w->timeout_ms < 0 ? 0 : (int64_t)n;
		for (size_t i = 0; i < w->count; i++)
			w->watches[i].revents = 0;
	}
	watches_release(c, w);
	if (rc < 0 || !n)
		return rc;
	rc = exec_memory_write((pid_t)c->n.pid, ARG(c, 1), events,
			       n * sizeof(*events));
	return rc ? rc : (int64_t)n;
}

int64_t exec_epoll_wait(struct exec_call *c)
{
	struct exec_wait w = { .timeout_ms = (int32_t)ARG(c, 3) };

	return do_wait(c, &w);
}

int64_t exec_epoll_pwait(struct exec_call *c)
{
	struct exec_wait w = { .timeout_ms = (int32_t)ARG(c, 3) };
	uint64_t mask;

	if (ARG(c, 4) &&
	    !exec_memory_read((pid_t)c->n.pid, ARG(c, 4), &mask, sizeof(mask)))
		w.mask = &mask;
	return do_wait(c, &w);
}

int64_t exec_epoll_pwait2(struct exec_call *c)
{
	struct exec_wait w = { 0 };

	if (exec_timespec_read(c, ARG(c, 3), &w.timeout_ms) < 0)
		return EXEC_CONTINUE;
	return do_wait(c, &w);
}
