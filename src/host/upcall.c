// SPDX-License-Identifier: GPL-2.0-only
// What the hosted kernel asks of a client: to load a module, and its memory.
#include <string.h>

#include "kernel-calls.h"
#include "serve.h"

struct upcall {
	uint32_t id;
	bool done;
	int32_t status;
	struct proto_message *answer;
};

/* Threads that wait until something changes here; each looks for itself. */
struct waiter {
	void *task;
	struct waiter *next;
};

static struct {
	struct waiter *waiters;
	uint32_t last_id;
} u;

static void wait_for_change(void)
{
	struct waiter me = { sched_task(), u.waiters }, **p;

	u.waiters = &me;
	sched_sleep();
	for (p = &u.waiters; *p; p = &(*p)->next) {
		if (*p == &me) {
			*p = me.next;
			break;
		}
	}
}

void upcall_wake(void)
{
	for (struct waiter *w = u.waiters; w; w = w->next)
		kernel_wake_up(w->task);
}

bool upcall_take_answer(struct client *c, struct proto_message *m)
{
	struct worker *w = c->depth ? c->workers[c->depth - 1] : NULL;
	struct upcall *up = w ? w->upcall : NULL;

	if (!up || up->id != m->id || up->done)
		return false;
	/* it gets the message's bytes; the client another place for the next */
	c->in = up->answer;
	up->answer = m;
	up->status = m->status;
	up->done = true;
	upcall_wake();
	return true;
}

void upcall_wait_for_all(struct worker *w)
{
	while (w->upcalls)
		wait_for_change();
}

/* Only for the innermost request, one at a time: answers come in that order. */
static bool is_my_turn(const struct worker *w)
{
	return !w->upcall && w->client->depth == w->level + 1;
}

/*
 * Sends *@m and waits for what comes back, which then is *@m: its status, or
 * -EIO when the client is gone.
 */
static int exchange(struct worker *w, struct proto_message **m)
{
	struct upcall up = { .id = (*m)->id, .answer = *m };
	struct client *c = w->client;

	while (!c->gone && !is_my_turn(w))
		wait_for_change();
	if (c->gone || proto_send(c->fd, *m) < 0)
		return -EIO;
	proto_release(*m);
	w->upcall = &up;
	while (!c->gone && !up.done)
		wait_for_change();
	w->upcall = NULL;
	*m = up.answer;
	upcall_wake();
	sched_restart_idle();
	return up.done ? up.status : -EIO;
}

struct worker *upcall_begin(void)
{
	struct worker *w = sched_owner();

	if (!w)
		w = serve_latest_worker();
	if (w)
		w->upcalls++;
	return w;
}

void upcall_end(struct worker *w)
{
	w->upcalls--;
	upcall_wake();
}

int upcall_module(struct worker *w, const char *name)
{
	struct proto_message *m = calloc(1, sizeof(*m));
	int status = -ENOMEM;

	if (m) {
		proto_init(m, PROTO_UPCALL_MODULE, ++u.last_id);
		proto_put_str(m, name);
		status = exchange(w, &m);
		proto_release(m);
		free(m);
	}
	upcall_end(w);
	return status ? 1 : 0;
}
