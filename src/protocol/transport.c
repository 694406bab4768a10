// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages over a socket, and the bytes that are too many for one.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "protocol/protocol.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

enum { BULK_INLINE, BULK_MEMFD };

static int memfd_of(const void *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("lkm",
					      MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return -1;
	while (done < size) {
		ssize_t n = write(fd, (const char *)data + done, size - done);

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -1;
	return take_fd(&fd);
}

bool proto_put_bulk(struct proto_message *m, const void *data, size_t size)
{
	bool small = size <= PROTO_INLINE_MAX &&
		     size + 12 <= sizeof(m->bytes) - m->size;

	if (size > PROTO_BULK_MAX)
		m->failed = true;
	if (!proto_put_u32(m, small ? BULK_INLINE : BULK_MEMFD) ||
	    !proto_put_u64(m, size))
		return false;
	if (!small)
		return proto_put_fd(m, memfd_of(data, size));
	if (size)
		memcpy(m->bytes + m->size, data, size);
	m->size += size;
	return true;
}

/* Sealed: it can neither change nor shrink while it is looked at. */
static bool map_memfd(int fd, uint64_t size, struct proto_bulk *ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 ||
	    size > PROTO_BULK_MAX || !size || (uint64_t)st.st_size != size)
		return false;
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return false;
	ret->bytes = (struct span){ p, size };
	ret->map = p;
	ret->mapped = size;
	return true;
}

bool proto_get_bulk(struct proto_message *m, struct proto_bulk *ret)
{
	struct span all = { m->bytes, m->size }, s;
	struct proto_bulk b = { 0 };
	uint32_t kind;
	uint64_t size;

	if (!proto_get_u32(m, &kind) || !proto_get_u64(m, &size))
		return false;
	if (kind == BULK_MEMFD) {
		_cleanup_close_ int fd = proto_take_fd(m);

		m->failed = fd < 0 || !map_memfd(fd, size, &b);
	} else if (kind != BULK_INLINE || !span_slice(all, m->pos, size, &s)) {
		m->failed = true;
	} else {
		b.bytes = s;
		m->pos += size;
	}
	if (m->failed)
		return false;
	*ret = b;
	return true;
}

void proto_bulk_release(struct proto_bulk *b)
{
	if (b->map)
		munmap(b->map, b->mapped);
	*b = (struct proto_bulk){ 0 };
}

union control {
	char bytes[CMSG_SPACE(PROTO_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int proto_send(int fd, struct proto_message *m)
{
	struct iovec iov = { m->bytes, m->size };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };
	ssize_t n;

	if (m->failed)
		return -EMSGSIZE;
	proto_put_header(m);
	if (m->fd_count) {
		struct cmsghdr *c = &control.align;
		size_t size = m->fd_count * sizeof(int);

		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(size);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), m->fds, size);
	}
	do {
		n = sendmsg(fd, &h, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct proto_message *m, struct msghdr *h)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		n = MIN_OF(n, (size_t)PROTO_FDS_MAX - m->fd_count);
		memcpy(m->fds + m->fd_count, CMSG_DATA(c), n * sizeof(int));
		m->fd_count += (unsigned int)n;
	}
}

int proto_receive(int fd, struct proto_message *ret)
{
	struct iovec iov = { ret->bytes, sizeof(ret->bytes) };
	union control control;
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n;
	int r;

	proto_release(ret);
	do {
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	take_fds(ret, &h);
	ret->size = (size_t)n;
	if (!n && !ret->fd_count)
		return 0;
	r = h.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG :
						     proto_parse(ret);
	if (r < 0) {
		proto_release(ret);
		return r;
	}
	return 1;
}

bool proto_peer_is_me(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) &&
	       who.uid == geteuid();
}

int proto_read_file(int fd, uint64_t max, void **ret, size_t *ret_size)
{
	struct stat st;
	size_t done = 0;
	char *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	p = mmap(NULL, (size_t)st.st_size + 1, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	while (done < (size_t)st.st_size) {
		ssize_t n = pread(fd, p + done, (size_t)st.st_size - done,
				  (off_t)done);

		if (n < 0) {
			int err = errno;

			munmap(p, (size_t)st.st_size + 1);
			return -err;
		}
		if (!n) /* it got shorter */
			break;
		done += (size_t)n;
	}
	*ret = p;
	*ret_size = done;
	return 0;
}
