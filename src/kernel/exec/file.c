// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls on descriptors: read, write, seek, ioctl, fcntl.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#define ARG(c, i) ((c)->n.data.args[i])
#define FD(c, i) ((int)(c)->n.data.args[i])

/* Where a read's bytes go, or a write's come from. */
struct transfer {
	struct iovec *iov; /* addresses in the program */
	size_t count;
	uint64_t size;
	int64_t offset; /* -1: the file's own */
	struct iovec one;
};

static int64_t do_read(struct exec_call *c, struct exec_handle *h,
		       const struct transfer *t)
{
	const struct exec_request q = { .verb = EXEC_READ,
					.handle = h->remote,
					.length = MIN_OF(t->size, EXEC_IO_MAX),
					.offset = t->offset };
	struct exec_reply reply;
	struct iovec ours;
	ssize_t n;

	if (exec_ask(c, &q, &reply))
		return -EIO;
	if (reply.status < 0)
		return exec_status(c, reply.status);
	if (!reply.bytes.size)
		return 0;
	ours.iov_base = (void *)(uintptr_t)reply.bytes.data;
	ours.iov_len = MIN_OF(reply.bytes.size, (size_t)q.length);
	n = process_vm_writev((pid_t)c->n.pid, &ours, 1, t->iov, t->count, 0);
	return n < 0 ? -EFAULT : n;
}

static int64_t do_write(struct exec_call *c, struct exec_handle *h,
			const struct transfer *t)
{
	size_t size = (size_t)MIN_OF(t->size, EXEC_IO_MAX);
	struct exec_request q = { .verb = EXEC_WRITE,
				  .handle = h->remote,
				  .offset = t->offset };
	_cleanup_free_ uint8_t *bytes = malloc(size + 1);
	struct iovec ours = { bytes, size };
	struct exec_reply reply;

	if (!bytes)
		return -ENOMEM;
	if (size && process_vm_readv((pid_t)c->n.pid, &ours, 1, t->iov,
				     t->count, 0) != (ssize_t)size)
		return -EFAULT;
	/* Was that still the process that waits? */
	if (!exec_call_is_valid(c))
		return -EINTR;
	q.bytes = (struct span){ bytes, size };
	if (exec_ask(c, &q, &reply))
		return -EIO;
	return exec_status(c, reply.status);
}

static int64_t transfer_one(struct exec_call *c, int64_t offset, bool writes)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	struct transfer t = { .count = 1,
			      .size = ARG(c, 2),
			      .offset = offset,
			      .one = { (void *)(uintptr_t)ARG(c, 1),
				       (size_t)ARG(c, 2) } };
	int64_t rc;

	if (!h)
		return EXEC_CONTINUE;
	t.iov = &t.one;
	if ((int64_t)t.size < 0)
		rc = -EINVAL;
	else
		rc = writes ? do_write(c, h, &t) : do_read(c, h, &t);
	exec_handle_put(c, h);
	return rc;
}

/* The program's array of buffers. */
static int64_t vector_read(struct exec_call *c, struct transfer *t)
{
	int rc;

	if (ARG(c, 2) > EXEC_IOVS_MAX)
		return -EINVAL;
	t->count = (size_t)ARG(c, 2);
	t->iov = calloc(t->count + 1, sizeof(*t->iov));
	if (!t->iov)
		return -ENOMEM;
	rc = exec_memory_read((pid_t)c->n.pid, ARG(c, 1), t->iov,
			      t->count * sizeof(*t->iov));
	for (size_t i = 0; !rc && i < t->count; i++) {
		if (t->iov[i].iov_len > INT64_MAX - t->size)
			rc = -EINVAL;
		else
			t->size += t->iov[i].iov_len;
	}
	return rc;
}

static int64_t transfer_vector(struct exec_call *c, int64_t offset, bool writes)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	struct transfer t = { .offset = offset };
	int64_t rc;

	if (!h)
		return EXEC_CONTINUE;
	rc = vector_read(c, &t);
	if (!rc)
		rc = writes ? do_write(c, h, &t) : do_read(c, h, &t);
	free(t.iov);
	exec_handle_put(c, h);
	return rc;
}

int64_t exec_read(struct exec_call *c)
{
	return transfer_one(c, -1, false);
}

int64_t exec_write(struct exec_call *c)
{
	return transfer_one(c, -1, true);
}

/* A negative offset is an error of the p-calls, not the file's position. */
static int64_t positioned(struct exec_call *c, bool vector, bool writes)
{
	struct exec_handle *h;

	if ((int64_t)ARG(c, 3) < 0) {
		h = exec_handle_get(c, FD(c, 0));
		exec_handle_put(c, h);
		return h ? -EINVAL : EXEC_CONTINUE;
	}
	return vector ? transfer_vector(c, (int64_t)ARG(c, 3), writes) :
			transfer_one(c, (int64_t)ARG(c, 3), writes);
}

int64_t exec_pread(struct exec_call *c)
{
	return positioned(c, false, false);
}

int64_t exec_pwrite(struct exec_call *c)
{
	return positioned(c, false, true);
}

int64_t exec_readv(struct exec_call *c)
{
	return transfer_vector(c, -1, false);
}

int64_t exec_writev(struct exec_call *c)
{
	return transfer_vector(c, -1, true);
}

int64_t exec_preadv(struct exec_call *c)
{
	return positioned(c, true, false);
}

int64_t exec_pwritev(struct exec_call *c)
{
	return positioned(c, true, true);
}

/* Of the newer calls only what the older ones do. */
static int64_t newer_vector(struct exec_call *c, bool writes)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));

	if (!h)
		return EXEC_CONTINUE;
	exec_handle_put(c, h);
	if (ARG(c, 5))
		return -EOPNOTSUPP;
	if ((int64_t)ARG(c, 3) == -1)
		return transfer_vector(c, -1, writes);
	return positioned(c, true, writes);
}

int64_t exec_preadv2(struct exec_call *c)
{
	return newer_vector(c, false);
}

int64_t exec_pwritev2(struct exec_call *c)
{
	return newer_vector(c, true);
}

int64_t exec_lseek(struct exec_call *c)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	struct exec_request q = { .verb = EXEC_SEEK };
	struct exec_reply reply;
	int64_t rc = -EIO;

	if (!h)
		return EXEC_CONTINUE;
	q.handle = h->remote;
	q.offset = (int64_t)ARG(c, 1);
	q.whence = (uint32_t)ARG(c, 2);
	if (!exec_ask(c, &q, &reply)) {
		rc = reply.status < 0 ? exec_status(c, reply.status) :
					(int64_t)reply.position;
		/* Of a directory: what was read ahead is elsewhere. */
		pthread_mutex_lock(&h->entries_lock);
		h->entries_size = h->entries_pos = 0;
		pthread_mutex_unlock(&h->entries_lock);
	}
	exec_handle_put(c, h);
	return rc;
}

static int64_t sync_handle(struct exec_call *c, bool data_only)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	struct exec_request q = { .verb = EXEC_SYNC, .data_only = data_only };
	struct exec_reply reply;
	int64_t rc = -EIO;

	if (!h)
		return EXEC_CONTINUE;
	q.handle = h->remote;
	if (!exec_ask(c, &q, &reply))
		rc = exec_status(c, reply.status);
	exec_handle_put(c, h);
	return rc;
}

int64_t exec_fsync(struct exec_call *c)
{
	return sync_handle(c, false);
}

int64_t exec_fdatasync(struct exec_call *c)
{
	return sync_handle(c, true);
}

/* An ioctl of ours, whose argument is a number here. */
static int64_t set_nonblocking(struct exec_call *c, struct exec_handle *h,
			       int on)
{
	const struct exec_request q = { .verb = EXEC_IOCTL,
					.handle = h->remote,
					.command = FIONBIO,
					.arg = EXEC_OWN_ADDRESS };
	struct exec_reply reply;
	int rc;

	c->session->own = (struct span){ (const uint8_t *)&on, sizeof(on) };
	rc = exec_ask(c, &q, &reply);
	c->session->own = (struct span){ 0 };
	return rc ? rc : exec_status(c, reply.status);
}

int64_t exec_ioctl(struct exec_call *c)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	struct exec_request q = { .verb = EXEC_IOCTL };
	struct exec_reply reply;
	int64_t rc = -EIO;
	int on = 0;

	if (!h)
		return EXEC_CONTINUE;
	q.handle = h->remote;
	q.command = (uint32_t)ARG(c, 1);
	q.arg = ARG(c, 2);
	switch (q.command) {
	case FIOCLEX: /* of the descriptor, not of the file */
	case FIONCLEX: rc = EXEC_CONTINUE; break;
	case FIOASYNC: /* no signal comes from there */ rc = -ENOTTY; break;
	case FIONBIO:
		rc = exec_memory_read((pid_t)c->n.pid, q.arg, &on, sizeof(on));
		if (!rc)
			rc = set_nonblocking(c, h, on);
		if (!rc)
			h->flags = (h->flags & ~(uint32_t)O_NONBLOCK) |
				   (on ? O_NONBLOCK : 0);
		break;
	default:
		if (!exec_ask(c, &q, &reply))
			rc = exec_status(c, reply.status);
	}
	exec_handle_put(c, h);
	return rc;
}

/* F_SETFL: of what it can change, the hosted file has O_NONBLOCK. */
static int64_t set_flags(struct exec_call *c, struct exec_handle *h,
			 uint32_t flags)
{
	const uint32_t may = O_NONBLOCK | O_APPEND | O_NOATIME | O_DIRECT;
	int64_t rc = 0;

	if ((flags ^ h->flags) & O_NONBLOCK)
		rc = set_nonblocking(c, h, (flags & O_NONBLOCK) != 0);
	if (!rc)
		h->flags = (h->flags & ~may) | (flags & may);
	return rc;
}

int64_t exec_fcntl(struct exec_call *c)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	int64_t rc = EXEC_CONTINUE;

	if (!h)
		return EXEC_CONTINUE;
	if ((int)ARG(c, 1) == F_GETFL)
		rc = h->flags;
	else if ((int)ARG(c, 1) == F_SETFL)
		rc = set_flags(c, h, (uint32_t)ARG(c, 2));
	exec_handle_put(c, h);
	return rc;
}

/* Bytes go through the program: it falls back to read() and write(). */
static int64_t refuse_hosted(struct exec_call *c, int a, int b)
{
	struct exec_handle *h = exec_handle_get(c, a);

	if (!h && b >= 0)
		h = exec_handle_get(c, b);
	exec_handle_put(c, h);
	return h ? -EINVAL : EXEC_CONTINUE;
}

int64_t exec_move_0(struct exec_call *c)
{
	return refuse_hosted(c, FD(c, 0), -1);
}

int64_t exec_move_01(struct exec_call *c)
{
	return refuse_hosted(c, FD(c, 0), FD(c, 1));
}

int64_t exec_move_02(struct exec_call *c)
{
	return refuse_hosted(c, FD(c, 0), FD(c, 2));
}
