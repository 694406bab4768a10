// SPDX-License-Identifier: GPL-2.0-only
// Files of the hosted kernel, by its own system calls.
#include "host/serve/serve.h"

#include <dirent.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#define HANDLES_MAX 4096
#define LIST_BYTES 16384
#define NO_OFFSET_GIVEN UINT64_MAX
#define AT_CWD ((uint64_t)(int64_t)-100)

/* Who opened which: what a client leaves open is closed when it goes. */
static const struct client *owners[HANDLES_MAX];

static long call(const char *name, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d)
{
	const uint64_t args[4] = { a, b, c, d };

	return kernel_syscall(name, args);
}

static long own(struct worker *w, long fd)
{
	if (fd >= HANDLES_MAX) {
		call("close", (uint64_t)fd, 0, 0, 0);
		return -EMFILE;
	}
	if (fd >= 0)
		owners[fd] = w->client;
	return fd;
}

unsigned int file_count(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < HANDLES_MAX; i++)
		n += owners[i] != NULL;
	return n;
}

void file_close_all(const struct client *c)
{
	for (size_t i = 0; i < HANDLES_MAX; i++) {
		if (owners[i] != c)
			continue;
		/* first: closing it may not come back */
		owners[i] = NULL;
		call("close", i, 0, 0, 0);
		kernel_return_to_user();
	}
}

static uint64_t num(const struct worker *w, unsigned int field)
{
	return w->fields.field[field].num;
}

static uint64_t path(const struct worker *w)
{
	return (uint64_t)w->fields.field[0].str;
}

static long open_file(struct worker *w)
{
	return own(w, (int)call("open", path(w), num(w, 1), num(w, 2), 0));
}

static long read_file(struct worker *w)
{
	uint64_t length = MIN_OF(num(w, 1), (uint64_t)PROTO_BULK_MAX);
	void *to = call_buffer(w, length);
	long n;

	if (!to)
		return -ENOMEM;
	if (num(w, 2) == NO_OFFSET_GIVEN)
		n = call("read", num(w, 0), (uint64_t)to, length, 0);
	else
		n = call("pread64", num(w, 0), (uint64_t)to, length, num(w, 2));
	if (n < 0)
		return n;
	if ((uint64_t)n > length)
		return -EIO; /* some driver's own idea of a length */
	proto_put_bulk(w->out, to, (size_t)n);
	return n;
}

static long write_file(struct worker *w)
{
	struct span from = w->fields.bulk.bytes;

	if (num(w, 1) == NO_OFFSET_GIVEN)
		return call("write", num(w, 0), (uint64_t)from.data, from.size,
			    0);
	return call("pwrite64", num(w, 0), (uint64_t)from.data, from.size,
		    num(w, 1));
}

static long seek_file(struct worker *w)
{
	long r = call("lseek", num(w, 0), num(w, 1), num(w, 2), 0);

	if (r < 0)
		return r;
	proto_put_u64(w->out, (uint64_t)r);
	return 0;
}

static long list(struct worker *w)
{
	char *to = call_buffer(w, LIST_BYTES);
	uint32_t count = 0;
	long n;

	if (!to)
		return -ENOMEM;
	n = call("getdents64", num(w, 0), (uint64_t)to, LIST_BYTES, 0);
	if (n < 0)
		return n;
	for (const char *p = to; p < to + n;
	     p += ((const struct dirent64 *)p)->d_reclen)
		count++;
	proto_put_u32(w->out, count);
	for (const char *p = to; p < to + n;
	     p += ((const struct dirent64 *)p)->d_reclen) {
		const struct dirent64 *d = (const struct dirent64 *)p;

		proto_put_str(w->out, d->d_name);
		proto_put_u32(w->out, d->d_type);
		proto_put_u64(w->out, d->d_ino);
	}
	return 0;
}

/* The kernel's struct stat is the C library's on x86-64. */
static long stat_file(struct worker *w)
{
	struct stat st;
	long r = (int)call("newfstatat", AT_CWD, path(w), (uint64_t)&st,
			   num(w, 1) ? 0 : AT_SYMLINK_NOFOLLOW);
	const struct proto_stat s = {
		.mode = st.st_mode,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.nlink = (uint32_t)st.st_nlink,
		.rdev = st.st_rdev,
		.size = (uint64_t)st.st_size,
		.ino = st.st_ino,
		.mtime = (uint64_t)st.st_mtime,
	};

	if (r < 0)
		return r;
	proto_put_stat(w->out, &s);
	return 0;
}

static long read_link(struct worker *w)
{
	char *to = call_buffer(w, PROTO_STRING_MAX);
	long n;

	if (!to)
		return -ENOMEM;
	n = (int)call("readlink", path(w), (uint64_t)to, PROTO_STRING_MAX, 0);
	if (n < 0)
		return n;
	to[n] = '\0';
	proto_put_str(w->out, to);
	return 0;
}

static long ioctl_file(struct worker *w)
{
	return (int)call("ioctl", num(w, 0), num(w, 1), num(w, 2), 0);
}

static long poll_file(struct worker *w)
{
	struct pollfd p = { .fd = (int)num(w, 0), .events = (short)num(w, 1) };
	long r = (int)call("poll", (uint64_t)&p, 1, num(w, 2), 0);

	if (r < 0)
		return r;
	proto_put_u32(w->out, (uint16_t)p.revents);
	return 0;
}

static long close_file(struct worker *w)
{
	if (num(w, 0) < HANDLES_MAX)
		owners[num(w, 0)] = NULL;
	return (int)call("close", num(w, 0), 0, 0, 0);
}

static long dup_file(struct worker *w)
{
	return own(w, (int)call("dup", num(w, 0), 0, 0, 0));
}

static long sync_file(struct worker *w)
{
	return (int)call(num(w, 1) ? "fdatasync" : "fsync", num(w, 0), 0, 0, 0);
}

/*
 * do_exit() of a program with one thread would close its files: its system
 * calls borrow them (fdget()).  Ours took a user of the file, as others know of
 * the handle; with that one it could never be closed.
 */
void file_abandon(const struct worker *w)
{
	void *(*get)(unsigned int) = symp("fget_raw");
	void (*put)(void *) = symp("fput");
	void *file;

	switch (w->in->type) {
	case PROTO_READ:
	case PROTO_WRITE:
	case PROTO_SEEK:
	case PROTO_LIST:
	case PROTO_IOCTL:
	case PROTO_SYNC:
	case PROTO_POLL: break;
	default: return;
	}
	file = get && put ? get((unsigned int)num(w, 0)) : NULL;
	if (!file)
		return;
	put(file);
	put(file);
}

long file_call(struct worker *w)
{
	switch (w->in->type) {
	case PROTO_OPEN: return open_file(w);
	case PROTO_READ: return read_file(w);
	case PROTO_WRITE: return write_file(w);
	case PROTO_SEEK: return seek_file(w);
	case PROTO_LIST: return list(w);
	case PROTO_STAT: return stat_file(w);
	case PROTO_READLINK: return read_link(w);
	case PROTO_IOCTL: return ioctl_file(w);
	case PROTO_POLL: return poll_file(w);
	case PROTO_SYNC: return sync_file(w);
	case PROTO_CLOSE: return close_file(w);
	case PROTO_DUP: return dup_file(w);
	default: return -ENOSYS;
	}
}

/* What a distribution's start has mounted by the time of the first program. */
void files_mount(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
		{ "configfs", "/sys/kernel/config" },
		{ "securityfs", "/sys/kernel/security" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		uint64_t type = (uint64_t)mounts[i].type;
		uint64_t where = (uint64_t)mounts[i].where;

		call("mkdir", where, 0755, 0, 0);
		call("mount", type, where, type, 0);
	}
}
