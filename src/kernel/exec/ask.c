// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking the hosted kernel for a program, which may have to wait long.
#include "kernel/exec/exec.h"

#include <poll.h>
#include <sys/ioctl.h>

/*
 * How long the others wait for an answer before another thread takes their
 * calls: more than a quick answer takes, so that quick ones wake no thread.
 */
#define LEAD_MS 1

struct exec_session *exec_session_get(struct exec *x)
{
	struct exec_session *s = NULL;

	pthread_mutex_lock(&x->lock);
	if (x->spare.len)
		s = x->spare.data[--x->spare.len];
	pthread_mutex_unlock(&x->lock);
	return s ? s : x->backend->connect(x->backend);
}

void exec_session_put(struct exec *x, struct exec_session *s)
{
	bool kept;

	if (!s)
		return;
	pthread_mutex_lock(&x->lock);
	kept = vec_push(&x->spare, s);
	pthread_mutex_unlock(&x->lock);
	/* Handles that it opened end with it: only when memory is out. */
	if (!kept)
		x->backend->disconnect(s);
}

bool exec_call_is_valid(struct exec_call *c)
{
	return !ioctl(c->x->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->n.id);
}

bool exec_call_disturbed(struct exec_call *c, const uint64_t *mask)
{
	/* One of our own requests, for no call */
	if (!c->n.pid)
		return false;
	if (!exec_call_is_valid(c)) {
		/* A signal: gone for its handler, or killed. */
		c->interrupted = true;
	} else if (c->x->killable &&
		   exec_signal_pending((pid_t)c->n.pid, mask, &c->shared)) {
		c->interrupted = true;
	}
	return c->interrupted;
}

int exec_finish(struct exec_call *c, struct exec_session *s,
		struct exec_reply *ret)
{
	bool told = false;

	for (;;) {
		struct pollfd p = { s->fd, POLLIN, 0 };
		int n = poll(&p, 1, c->leading ? LEAD_MS : EXEC_TICK_MS);

		if (n > 0) {
			int rc = c->x->backend->receive(s, ret);

			if (rc)
				return MIN_OF(rc, 0);
			continue;
		}
		exec_abdicate(c);
		if (!told && exec_call_disturbed(c, NULL)) {
			told = true;
			c->x->backend->interrupt(s);
		}
	}
}

int exec_ask(struct exec_call *c, const struct exec_request *q,
	     struct exec_reply *ret)
{
	int rc;

	c->session->tid = (pid_t)c->n.pid;
	rc = c->x->backend->send(c->session, q);
	if (!rc)
		rc = exec_finish(c, c->session, ret);
	/* A kernel that is gone answers as a device that was pulled out. */
	return rc ? -EIO : 0;
}

int64_t exec_status(struct exec_call *c, int64_t status)
{
	if (status > -EXEC_ERESTARTSYS || status < -EXEC_ERESTART_LAST)
		return status;
	/*
	 * The running kernel restarts the call, or not, as the signal's handler
	 * asks for.  It must have a signal to handle then: where another thread
	 * may have taken that, the program could see this number.
	 */
	return c->interrupted && !c->shared ? -EXEC_ERESTARTSYS : -EINTR;
}

int64_t exec_ask_path(struct exec_call *c, const struct exec_path *p,
		      const struct exec_request *q, struct exec_reply *ret)
{
	if (exec_ask(c, q, ret))
		return -EIO;
	if (p->side != EXEC_HOSTED &&
	    (ret->status == -ENOENT || ret->status == -ENOTDIR))
		return EXEC_CONTINUE;
	return ret->status < 0 ? exec_status(c, ret->status) : 0;
}
