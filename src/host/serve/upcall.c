// SPDX-License-Identifier: GPL-2.0-only
// What the hosted kernel asks of a client: to load a module, and its memory.
#include <string.h>

#include "host/kernel-calls.h"
#include "host/serve/serve.h"

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

/* A question about memory to the client whose request runs here. */
static struct proto_message *new_question(uint16_t type, uint64_t address)
{
	struct proto_message *m = sched_owner() ? calloc(1, sizeof(*m)) : NULL;

	if (!m)
		return NULL;
	proto_init(m, type, ++u.last_id);
	proto_put_u64(m, address);
	return m;
}

/* Sends it, frees it; the answer's bytes to @ret: at most @max.  Or < 0. */
static long ask(struct proto_message *m, void *ret, size_t max)
{
	struct worker *w = upcall_begin();
	struct proto_fields f = { 0 };
	long r;

	r = m->failed ? -EFAULT : exchange(w, &m);
	upcall_end(w);
	if (!r && proto_get_fields(m, &f) < 0)
		r = -EFAULT;
	if (!r) {
		r = (long)MIN_OF(f.bulk.bytes.size, max);
		if (ret && r)
			memcpy(ret, f.bulk.bytes.data, (size_t)r);
	}
	proto_fields_release(&f);
	proto_release(m);
	free(m);
	return r < 0 ? -EFAULT : r;
}

int upcall_user_read(uint64_t from, void *to, size_t size)
{
	struct proto_message *m = new_question(PROTO_UPCALL_USER_READ, from);

	if (!m)
		return -EFAULT;
	if (size > PROTO_BULK_MAX)
		m->failed = true;
	proto_put_u32(m, (uint32_t)size);
	return ask(m, to, size) == (long)size ? 0 : -EFAULT;
}

int upcall_user_write(uint64_t to, const void *from, size_t size)
{
	struct proto_message *m = new_question(PROTO_UPCALL_USER_WRITE, to);

	if (!m)
		return -EFAULT;
	proto_put_bulk(m, from, size);
	return ask(m, NULL, 0) < 0 ? -EFAULT : 0;
}

long upcall_user_string(uint64_t from, char *to, size_t max)
{
	struct proto_message *m = new_question(PROTO_UPCALL_USER_STRING, from);
	long n;

	if (!m)
		return -EFAULT;
	max = MIN_OF(max, (size_t)PROTO_BULK_MAX);
	proto_put_u32(m, (uint32_t)max);
	n = ask(m, to, max);
	if (to && n >= 0 && (size_t)n < max)
		to[n] = '\0';
	return n;
}
