// SPDX-License-Identifier: LGPL-2.1-or-later
// poll() and select() of a program, where hosted files are among the others.
#include "kernel/exec/exec.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#define ARG(c, i) ((c)->n.data.args[i])

static void watches_release(struct exec_call *c, struct exec_wait *w)
{
	for (size_t i = 0; i < w->count; i++) {
		exec_handle_put(c, w->watches[i].handle);
		if (!w->watches[i].handle && w->watches[i].fd >= 0)
			close(w->watches[i].fd);
	}
	free(w->watches);
}

/* 0; EXEC_CONTINUE where none is hosted; -errno */
static int64_t watches_make(struct exec_call *c, struct exec_wait *w,
			    const struct pollfd *fds, size_t count)
{
	bool hosted = false;

	w->watches = calloc(count + 1, sizeof(*w->watches));
	if (!w->watches)
		return -ENOMEM;
	for (; w->count < count; w->count++) {
		struct exec_watch *a = &w->watches[w->count];

		a->fd = -1;
		a->events = (unsigned short)fds[w->count].events;
		if (fds[w->count].fd >= 0)
			a->handle = exec_handle_get(c, fds[w->count].fd);
		if (a->handle)
			hosted = true;
	}
	if (!hosted)
		return EXEC_CONTINUE;
	for (size_t i = 0; i < count; i++) {
		struct exec_watch *a = &w->watches[i];

		if (a->handle || fds[i].fd < 0)
			continue;
		a->fd = exec_fd_copy(c, fds[i].fd);
		if (a->fd < 0)
			a->revents = POLLNVAL;
	}
	return 0;
}

/* poll(), with the answers in @fds. */
static int64_t poll_files(struct exec_call *c, struct pollfd *fds, size_t count,
			  struct exec_wait *w)
{
	int64_t rc = watches_make(c, w, fds, count);

	if (!rc)
		rc = exec_wait(c, w);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		fds[i].revents = (short)w->watches[i].revents;
	watches_release(c, w);
	return rc;
}

static int64_t do_poll(struct exec_call *c, struct exec_wait *w)
{
	size_t count = (size_t)ARG(c, 1);
	_cleanup_free_ struct pollfd *fds = NULL;
	int64_t rc;

	if (count > EXEC_WATCHES_MAX)
		return EXEC_CONTINUE;
	fds = calloc(count + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	if (exec_memory_read((pid_t)c->n.pid, ARG(c, 0), fds,
			     count * sizeof(*fds)) < 0)
		return EXEC_CONTINUE;
	rc = poll_files(c, fds, count, w);
	if (rc >= 0 && exec_memory_write((pid_t)c->n.pid, ARG(c, 0), fds,
					 count * sizeof(*fds)) < 0)
		return -EFAULT;
	return rc;
}

int64_t exec_poll(struct exec_call *c)
{
	struct exec_wait w = { .timeout_ms = (int32_t)ARG(c, 2) };

	if (!atomic_load(&c->x->handle_count))
		return EXEC_CONTINUE;
	return do_poll(c, &w);
}

int64_t exec_ppoll(struct exec_call *c)
{
	struct exec_wait w = { 0 };
	uint64_t mask;

	if (!atomic_load(&c->x->handle_count) ||
	    exec_timespec_read(c, ARG(c, 2), &w.timeout_ms) < 0)
		return EXEC_CONTINUE;
	if (ARG(c, 3) &&
	    !exec_memory_read((pid_t)c->n.pid, ARG(c, 3), &mask, sizeof(mask)))
		w.mask = &mask;
	return do_poll(c, &w);
}

/* The three sets of select(): what each asks for, what each counts as. */
static const struct {
	short events, revents;
} kinds[3] = {
	{ POLLIN | POLLRDNORM | POLLRDBAND,
	  POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR },
	{ POLLOUT | POLLWRNORM | POLLWRBAND,
	  POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR },
	{ POLLPRI, POLLPRI },
};

static size_t set_size(size_t nfds)
{
	return (nfds + 63) / 64 * 8;
}

static bool bit_is_set(const uint64_t *set, size_t fd)
{
	return set[fd / 64] >> (fd % 64) & 1;
}

struct selection {
	size_t nfds;
	fd_set sets[3];
	struct pollfd fds[FD_SETSIZE];
	size_t count;
};

static void selection_ask(struct selection *s)
{
	for (size_t fd = 0; fd < s->nfds; fd++) {
		struct pollfd p = { (int)fd, 0, 0 };

		for (size_t k = 0; k < 3; k++) {
			if (bit_is_set((uint64_t *)&s->sets[k], fd))
				p.events |= kinds[k].events;
		}
		if (p.events)
			s->fds[s->count++] = p;
	}
}

/* How many bits are set in the answer; -EBADF as select() has it. */
static int64_t selection_answer(struct selection *s)
{
	fd_set asked[3];
	int64_t bits = 0;

	memcpy(asked, s->sets, sizeof(asked));
	memset(s->sets, 0, sizeof(s->sets));
	for (size_t i = 0; i < s->count; i++) {
		const struct pollfd *p = &s->fds[i];
		size_t fd = (size_t)p->fd;

		if (p->revents & POLLNVAL)
			return -EBADF;
		for (size_t k = 0; k < 3; k++) {
			if (!bit_is_set((uint64_t *)&asked[k], fd) ||
			    !(p->revents & kinds[k].revents))
				continue;
			((uint64_t *)&s->sets[k])[fd / 64] |= 1ull << (fd % 64);
			bits++;
		}
	}
	return bits;
}

static int64_t do_select(struct exec_call *c, struct exec_wait *w)
{
	_cleanup_free_ struct selection *s = calloc(1, sizeof(*s));
	size_t size = set_size((size_t)(uint32_t)ARG(c, 0));
	pid_t tid = (pid_t)c->n.pid;
	int64_t rc;

	if (!s)
		return -ENOMEM;
	s->nfds = (uint32_t)ARG(c, 0);
	if (s->nfds > FD_SETSIZE)
		return EXEC_CONTINUE;
	for (size_t k = 0; k < 3; k++) {
		if (ARG(c, 1 + k) &&
		    exec_memory_read(tid, ARG(c, 1 + k), &s->sets[k], size) < 0)
			return EXEC_CONTINUE;
	}
	selection_ask(s);
	rc = poll_files(c, s->fds, s->count, w);
	if (rc >= 0)
		rc = selection_answer(s);
	for (size_t k = 0; rc >= 0 && k < 3; k++) {
		if (ARG(c, 1 + k) && exec_memory_write(tid, ARG(c, 1 + k),
						       &s->sets[k], size) < 0)
			rc = -EFAULT;
	}
	return rc;
}

int64_t exec_select(struct exec_call *c)
{
	struct exec_wait w = { .timeout_ms = -1 };
	struct timeval t;

	if (!atomic_load(&c->x->handle_count))
		return EXEC_CONTINUE;
	if (ARG(c, 4)) {
		if (exec_memory_read((pid_t)c->n.pid, ARG(c, 4), &t,
				     sizeof(t)) < 0 ||
		    t.tv_sec < 0 || t.tv_sec > INT32_MAX || t.tv_usec < 0)
			return EXEC_CONTINUE;
		w.timeout_ms = (int64_t)t.tv_sec * 1000 +
			       (t.tv_usec + 999) / 1000;
	}
	return do_select(c, &w);
}

int64_t exec_pselect6(struct exec_call *c)
{
	struct exec_wait w = { 0 };
	uint64_t pair[2] = { 0 }; /* address and size of the mask */
	uint64_t mask;

	if (!atomic_load(&c->x->handle_count) ||
	    exec_timespec_read(c, ARG(c, 4), &w.timeout_ms) < 0)
		return EXEC_CONTINUE;
	if (ARG(c, 5) &&
	    !exec_memory_read((pid_t)c->n.pid, ARG(c, 5), pair, sizeof(pair)) &&
	    pair[0] &&
	    !exec_memory_read((pid_t)c->n.pid, pair[0], &mask, sizeof(mask)))
		w.mask = &mask;
	return do_select(c, &w);
}
