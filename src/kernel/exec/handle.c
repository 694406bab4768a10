// SPDX-License-Identifier: LGPL-2.1-or-later
// Hosted files that a program has open: a pipe there, a handle here.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* The place in x->handles, its length: none.  Under the lock. */
static size_t handle_find(struct exec *x, uint64_t ino)
{
	size_t i = 0;

	while (i < x->handles.len && x->handles.data[i]->ino != ino)
		i++;
	return i;
}

struct exec_handle *exec_handle_get(struct exec_call *c, int fd)
{
	struct exec *x = c->x;
	struct exec_handle *h = NULL;
	uint64_t ino, dev;
	size_t i;

	if (!atomic_load(&x->handle_count))
		return NULL;
	ino = exec_fd_pipe((pid_t)c->n.pid, fd, &dev);
	if (!ino)
		return NULL;
	pthread_mutex_lock(&x->lock);
	i = dev == x->pipe_dev ? handle_find(x, ino) : x->handles.len;
	if (i < x->handles.len) {
		h = x->handles.data[i];
		h->users++;
	}
	pthread_mutex_unlock(&x->lock);
	return h;
}

static void handle_free(struct exec_handle *h)
{
	if (h->peer >= 0)
		close(h->peer);
	pthread_mutex_destroy(&h->entries_lock);
	free(h->entries);
	free(h->path);
	free(h);
}

/* Drop a use; true when it was the last of a file that is closed. */
static bool handle_unuse(struct exec *x, struct exec_handle *h, bool gone)
{
	bool last;

	pthread_mutex_lock(&x->lock);
	if (gone)
		h->gone = true;
	else
		h->users--;
	last = h->gone && !h->users;
	if (last) {
		size_t i = handle_find(x, h->ino);

		x->handles.data[i] = x->handles.data[--x->handles.len];
		atomic_fetch_sub(&x->handle_count, 1);
		exec_epolls_forget(x, h);
	}
	pthread_mutex_unlock(&x->lock);
	return last;
}

static void handle_close(struct exec_call *c, struct exec_handle *h)
{
	const struct exec_request q = { .verb = EXEC_CLOSE,
					.handle = h->remote };
	struct exec_reply reply;

	exec_ask(c, &q, &reply);
	handle_free(h);
}

void exec_handle_put(struct exec_call *c, struct exec_handle *h)
{
	if (h && handle_unuse(c->x, h, false))
		handle_close(c, h);
}

void exec_handle_gone(struct exec_call *c, uint64_t ino)
{
	struct exec *x = c->x;
	struct exec_handle *h = NULL;
	size_t i;

	pthread_mutex_lock(&x->lock);
	i = handle_find(x, ino);
	if (i < x->handles.len)
		h = x->handles.data[i];
	pthread_mutex_unlock(&x->lock);
	if (!h)
		return;
	epoll_ctl(x->epoll, EPOLL_CTL_DEL, h->peer, NULL);
	if (handle_unuse(x, h, true))
		handle_close(c, h);
}

/*
 * A pipe of which the program's end has the access that it asked for: what is
 * not reported fails then as it would with the file itself, mmap() by ENODEV.
 */
static int pipe_for(uint32_t flags, int *ret_ours, int *ret_theirs)
{
	bool reads = (flags & O_ACCMODE) == O_RDONLY;
	char path[32];
	int ends[2], both;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if ((flags & O_ACCMODE) == O_RDWR) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
		both = open(path, O_RDWR | O_CLOEXEC);
		if (both >= 0) {
			close(ends[1]);
			ends[1] = both;
		}
	}
	*ret_theirs = ends[!reads];
	*ret_ours = ends[reads];
	return 0;
}

/* *@ret_theirs is the program's end of the pipe. */
static struct exec_handle *handle_new(struct exec *x, const char *path,
				      uint32_t flags, int *ret_theirs)
{
	struct exec_handle *h = calloc(1, sizeof(*h));
	struct epoll_event event = { 0 };
	struct stat st;
	bool kept;

	if (!h)
		return NULL;
	h->peer = -1;
	pthread_mutex_init(&h->entries_lock, NULL);
	h->path = strdup(path);
	h->flags = flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC |
				       O_CLOEXEC);
	if (!h->path || pipe_for(flags, &h->peer, ret_theirs) < 0) {
		handle_free(h);
		return NULL;
	}
	if (fstat(h->peer, &st) < 0) {
		close(*ret_theirs);
		handle_free(h);
		return NULL;
	}
	h->ino = st.st_ino;
	pthread_mutex_lock(&x->lock);
	x->pipe_dev = st.st_dev;
	kept = vec_push(&x->handles, h);
	if (kept)
		atomic_fetch_add(&x->handle_count, 1);
	pthread_mutex_unlock(&x->lock);
	/* Only its end is waited for, which is always told. */
	event.data.u64 = EXEC_EVENT_PIPES + h->ino;
	if (!kept) {
		close(*ret_theirs);
		handle_free(h);
		return NULL;
	}
	epoll_ctl(x->epoll, EPOLL_CTL_ADD, h->peer, &event);
	return h;
}

/* A descriptor for the program, and with it the call's answer. */
static int64_t give_descriptor(struct exec_call *c, int fd, bool cloexec)
{
	struct seccomp_notif_addfd add = {
		.id = c->n.id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int rc = ioctl(c->x->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	if (rc >= 0)
		return EXEC_ANSWERED;
	/* Before v5.14: in two steps */
	if (errno == EINVAL) {
		add.flags = 0;
		rc = ioctl(c->x->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	}
	return rc < 0 ? -errno : rc;
}

int64_t exec_handle_open(struct exec_call *c, const struct exec_path *p,
			 uint32_t flags, uint32_t mode)
{
	struct exec_request q = { .verb = EXEC_OPEN,
				  .path = p->path,
				  .flags = flags & ~(uint32_t)O_CLOEXEC,
				  .mode = mode };
	struct exec_reply reply;
	struct exec_handle *h;
	int64_t answer;
	int theirs = -1;

	/* A file that nobody has is not for the hosted kernel to make. */
	if (p->side != EXEC_HOSTED)
		q.flags &= ~(uint32_t)(O_CREAT | O_EXCL);
	answer = exec_ask_path(c, p, &q, &reply);
	if (answer)
		return answer;
	h = handle_new(c->x, p->path, flags, &theirs);
	if (!h) {
		q = (struct exec_request){ .verb = EXEC_CLOSE,
					   .handle = (uint32_t)reply.status };
		exec_ask(c, &q, &reply);
		return -ENFILE;
	}
	h->remote = (uint32_t)reply.status;
	answer = give_descriptor(c, theirs, flags & O_CLOEXEC);
	/* Where it was not taken, this ends the pipe, and so the handle. */
	close(theirs);
	return answer;
}
