// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers requests at once, or keeps them until there is something to read.
#include "exec-fake.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../../hosted/exec/exec-devices.h"

#define HANDLES 4096
#define SESSIONS 64

static const char text[] = "exec text\nsecond line\n";

struct session {
	struct exec_session base;
	struct exec_request q; /* that waits */
	bool used, waits;
	int64_t status; /* -EAGAIN: not answered */
	uint32_t revents;
	uint64_t position;
	struct exec_stat stat;
	uint8_t bytes[65536];
	size_t size;
};

struct handle {
	const char *path;
	uint32_t flags;
	int64_t position;
};

static struct {
	struct exec_backend backend;
	struct fake_seen *seen;
	pthread_mutex_t lock;
	struct session sessions[SESSIONS];
	struct handle handles[HANDLES];
	char fifo[EXEC_FIFO_SIZE];
	size_t fill;
	int label;
	char data[EXEC_DATA_SIZE];
	bool loaded;
} f = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct {
	const char *path;
	uint32_t mode;
} files[] = {
	{ FAKE_FIFO, S_IFCHR | 0666 }, { FAKE_DATA, S_IFCHR | 0666 },
	{ FAKE_TEXT, S_IFREG | 0444 }, { FAKE_DIR, S_IFDIR | 0755 },
	{ FAKE_LINK, S_IFLNK | 0777 },
};

static int file_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (!strcmp(files[i].path, path))
			return (int)i;
	}
	return -1;
}

static int64_t do_open(const struct exec_request *q)
{
	int at = file_find(q->path);

	if (at < 0)
		return -ENOENT;
	for (int i = 0; i < HANDLES; i++) {
		if (f.handles[i].path)
			continue;
		f.handles[i] = (struct handle){ files[at].path, q->flags, 0 };
		atomic_fetch_add(&f.seen->opened, 1);
		return i;
	}
	return -EMFILE;
}

static int64_t take(struct session *s, const char *from, size_t size,
		    int64_t *position)
{
	size_t begin = (size_t)MIN_OF(*position, (int64_t)size);

	s->size = MIN_OF(size - begin, (size_t)s->q.length);
	memcpy(s->bytes, from + begin, s->size);
	*position += (int64_t)s->size;
	return (int64_t)s->size;
}

static int64_t do_read(struct session *s, struct handle *h)
{
	int64_t at = s->q.offset < 0 ? h->position : s->q.offset;
	int64_t n;

	if (!strcmp(h->path, FAKE_FIFO)) {
		if (!f.fill)
			return h->flags & O_NONBLOCK ? -EWOULDBLOCK : -EAGAIN;
		s->size = MIN_OF(f.fill, (size_t)s->q.length);
		memcpy(s->bytes, f.fifo, s->size);
		f.fill -= s->size;
		memmove(f.fifo, f.fifo + s->size, f.fill);
		return (int64_t)s->size;
	}
	if (!strcmp(h->path, FAKE_TEXT))
		n = take(s, text, strlen(text), &at);
	else
		n = take(s, f.data, sizeof(f.data), &at);
	if (s->q.offset < 0)
		h->position = at;
	return n;
}

static int64_t do_write(const struct exec_request *q, struct handle *h)
{
	int64_t at = q->offset < 0 ? h->position : q->offset;
	size_t n = q->bytes.size;

	if ((h->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!strcmp(h->path, FAKE_FIFO)) {
		n = MIN_OF(n, sizeof(f.fifo) - f.fill);
		memcpy(f.fifo + f.fill, q->bytes.data, n);
		f.fill += n;
		return (int64_t)n;
	}
	if (at >= EXEC_DATA_SIZE)
		return -ENOSPC;
	n = MIN_OF(n, (size_t)(EXEC_DATA_SIZE - at));
	memcpy(f.data + at, q->bytes.data, n);
	if (q->offset < 0)
		h->position += (int64_t)n;
	return (int64_t)n;
}

static int64_t do_seek(struct session *s, struct handle *h)
{
	int64_t at = s->q.offset;

	if (!strcmp(h->path, FAKE_FIFO))
		return -ESPIPE;
	if (s->q.whence == SEEK_CUR)
		at += h->position;
	else if (s->q.whence == SEEK_END)
		at += EXEC_DATA_SIZE;
	if (at < 0)
		return -EINVAL;
	h->position = at;
	s->position = (uint64_t)at;
	return 0;
}

static int64_t do_sync(const struct exec_request *q, const struct handle *h)
{
	if (strcmp(h->path, FAKE_DATA) != 0)
		return -EINVAL;
	f.data[EXEC_DATA_SYNCED] = q->data_only ? 'd' : 'f';
	return 0;
}

static int user_copy(struct session *s, void *ours, size_t size, bool write)
{
	if (s->q.arg == EXEC_OWN_ADDRESS && !write) {
		memcpy(ours, s->base.own.data, MIN_OF(size, s->base.own.size));
		return 0;
	}
	return write ? exec_memory_write(s->base.tid, s->q.arg, ours, size) :
		       exec_memory_read(s->base.tid, s->q.arg, ours, size);
}

static int64_t do_ioctl(struct session *s, struct handle *h)
{
	int n = (int)f.fill;
	struct exec_sum sum;

	switch (s->q.command) {
	case EXEC_FIFO_FILL: return user_copy(s, &n, sizeof(n), true);
	case EXEC_FIFO_TOLD: return f.label;
	case FIONBIO:
	case EXEC_FIFO_LABEL:
		if (user_copy(s, &n, sizeof(n), false))
			return -EFAULT;
		if (s->q.command == FIONBIO)
			h->flags = (h->flags & ~(uint32_t)O_NONBLOCK) |
				   (n ? O_NONBLOCK : 0);
		else if (n < 0)
			return -EINVAL;
		else
			f.label = n;
		return 0;
	case EXEC_FIFO_SUM:
		if (user_copy(s, &sum, sizeof(sum), false))
			return -EFAULT;
		sum.sum = sum.a + sum.b;
		return user_copy(s, &sum, sizeof(sum), true);
	default: return -ENOTTY;
	}
}

static int64_t do_poll(struct session *s, struct handle *h)
{
	uint32_t now = POLLOUT | (f.fill ? POLLIN : 0);

	if (strcmp(h->path, FAKE_FIFO) != 0)
		now = POLLIN | POLLOUT;
	s->revents = now & s->q.events;
	return s->revents || !s->q.timeout_ms ? 0 : -EAGAIN;
}

static int64_t do_stat(struct session *s)
{
	int at = file_find(s->q.path);

	if (at < 0)
		return -ENOENT;
	s->stat = (struct exec_stat){ .mode = files[at].mode,
				      .nlink = 1,
				      .rdev = makedev(240, (unsigned int)at),
				      .ino = 1000 + (uint64_t)at };
	return 0;
}

/* 100 at a time */
static int64_t do_list(struct session *s, struct handle *h)
{
	s->size = 0;
	for (int i = 0; i < 100 && h->position < FAKE_DIR_FILES; i++) {
		struct dirent64 *d = (struct dirent64 *)(s->bytes + s->size);

		h->position++;
		*d = (struct dirent64){ .d_ino = (uint64_t)h->position,
					.d_reclen = 40,
					.d_type = DT_REG };
		snprintf(d->d_name, 20, "file-%d", (int)h->position);
		s->size += 40;
	}
	return 0;
}

static int64_t do_link(struct session *s)
{
	if (strcmp(s->q.path, FAKE_LINK) != 0)
		return file_find(s->q.path) < 0 ? -ENOENT : -EINVAL;
	s->size = strlen(FAKE_TEXT);
	memcpy(s->bytes, FAKE_TEXT, s->size);
	return 0;
}

/* A module is FAKE_MODULE, whatever its parameters. */
static int64_t do_load(const struct exec_request *q)
{
	char head[8] = { 0 };

	if (pread(q->fd, head, sizeof(head) - 1, 0) < 0)
		return -EIO;
	if (strcmp(head, FAKE_MODULE) != 0 || strcmp(q->path, "a=1") != 0)
		return -ENOEXEC;
	if (f.loaded)
		return -EEXIST;
	f.loaded = true;
	return 0;
}

/* Two records, each in an answer of its own */
static int64_t do_log(struct session *s)
{
	s->position = (uint64_t)MIN_OF(s->q.offset + 1, 2);
	if (s->q.offset < 2)
		s->size = (size_t)snprintf((char *)s->bytes, 32,
					   "<6>[    0.00000%d] line\n",
					   (int)s->q.offset);
	return 0;
}

/* -EAGAIN: not yet; the device's own EAGAIN is EWOULDBLOCK's other name. */
static int64_t serve(struct session *s)
{
	struct handle *h = &f.handles[s->q.handle % HANDLES];

	switch (s->q.verb) {
	case EXEC_OPEN: return do_open(&s->q);
	case EXEC_STAT: return do_stat(s);
	case EXEC_READLINK: return do_link(s);
	case EXEC_LIST: return do_list(s, h);
	case EXEC_READ: return do_read(s, h);
	case EXEC_WRITE: return do_write(&s->q, h);
	case EXEC_SEEK: return do_seek(s, h);
	case EXEC_SYNC: return do_sync(&s->q, h);
	case EXEC_IOCTL: return do_ioctl(s, h);
	case EXEC_POLL: return do_poll(s, h);
	case EXEC_LOAD: return do_load(&s->q);
	case EXEC_UNLOAD:
		if (strcmp(s->q.path, "made_up") != 0 || !f.loaded)
			return -ENOENT;
		f.loaded = false;
		return 0;
	case EXEC_LOG: return do_log(s);
	case EXEC_CLOSE:
		h->path = NULL;
		atomic_fetch_add(&f.seen->closed, 1);
		return 0;
	}
	return -ENOSYS;
}

/* Under the lock */
static void try(struct session *s)
{
	const struct handle *h = &f.handles[s->q.handle % HANDLES];
	bool blocks = s->q.verb == EXEC_POLL ||
		      (s->q.verb == EXEC_READ && h->path &&
		       !(h->flags & O_NONBLOCK));

	s->size = 0;
	s->status = serve(s);
	s->waits = blocks && s->status == -EAGAIN;
	if (!s->waits)
		eventfd_write(s->base.fd, 1);
}

static int fake_send(struct exec_session *base, const struct exec_request *q)
{
	struct session *s = (struct session *)base;

	pthread_mutex_lock(&f.lock);
	s->q = *q;
	try(s);
	for (size_t i = 0; q->verb == EXEC_WRITE && i < SESSIONS; i++) {
		if (f.sessions[i].waits)
			try(&f.sessions[i]);
	}
	pthread_mutex_unlock(&f.lock);
	return 0;
}

static int fake_receive(struct exec_session *base, struct exec_reply *ret)
{
	struct session *s = (struct session *)base;
	eventfd_t n;

	if (eventfd_read(s->base.fd, &n) < 0)
		return 0;
	*ret = (struct exec_reply){ .status = s->status,
				    .bytes = { s->bytes, s->size },
				    .position = s->position,
				    .revents = s->revents,
				    .stat = s->stat };
	return 1;
}

/* As drivers have it: -ERESTARTSYS */
static int fake_interrupt(struct exec_session *base)
{
	struct session *s = (struct session *)base;

	pthread_mutex_lock(&f.lock);
	if (s->waits) {
		s->waits = false;
		s->status = s->q.verb == EXEC_POLL ? -EINTR : -EXEC_ERESTARTSYS;
		atomic_fetch_add(&f.seen->interrupted, 1);
		eventfd_write(s->base.fd, 1);
	}
	pthread_mutex_unlock(&f.lock);
	return 0;
}

static struct exec_session *fake_connect(struct exec_backend *b)
{
	struct session *s = NULL;

	pthread_mutex_lock(&f.lock);
	for (size_t i = 0; !s && i < SESSIONS; i++) {
		if (!f.sessions[i].used)
			s = &f.sessions[i];
	}
	if (s) {
		s->used = true;
		s->base.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		atomic_fetch_add(&f.seen->connections, 1);
	} else {
		errno = EAGAIN;
	}
	pthread_mutex_unlock(&f.lock);
	return s ? &s->base : NULL;
}

static void fake_disconnect(struct exec_session *s)
{
	close(s->fd);
	((struct session *)s)->used = false;
}

struct exec_backend *fake_backend(struct fake_seen *seen)
{
	f.seen = seen;
	f.backend = (struct exec_backend){ .release = "6.1.0-made-up",
					   .version = "#1 made up",
					   .connect = fake_connect,
					   .disconnect = fake_disconnect,
					   .send = fake_send,
					   .receive = fake_receive,
					   .interrupt = fake_interrupt };
	return &f.backend;
}
