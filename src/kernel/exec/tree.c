// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls on paths: open, stat, access, readlink, and reading directories.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define ARG(c, i) ((c)->n.data.args[i])
#define FD(c, i) ((int)(c)->n.data.args[i])

/* A device number that no file of the running kernel has. */
#define HOSTED_DEV makedev(0, 0xfffff)
#define BLOCK 4096

static int64_t open_at(struct exec_call *c, int dirfd, uint64_t address,
		       uint32_t flags, uint32_t mode)
{
	struct exec_path p;
	int64_t rc = EXEC_CONTINUE;

	if (exec_path_read(c, dirfd, address, &p) < 0)
		return EXEC_CONTINUE;
	if (p.handle) {
		/* The file behind /proc/self/fd/N, opened once more */
		snprintf(p.path, sizeof(p.path), "%s", p.handle->path);
		p.side = EXEC_HOSTED;
	}
	/* Was the path still that of the process that waits? */
	if (p.side == EXEC_HOSTED_LAST && !access(p.path, F_OK))
		p.side = EXEC_NATIVE;
	/* Its records are elsewhere: dmesg(1) then asks for them by syslog(2).
	 */
	if (!strcmp(p.path, "/dev/kmsg") && (flags & O_ACCMODE) == O_RDONLY)
		rc = -ENOENT;
	else if (p.side != EXEC_NATIVE && exec_call_is_valid(c))
		rc = exec_handle_open(c, &p, flags, mode);
	exec_handle_put(c, p.handle);
	return rc;
}

int64_t exec_openat(struct exec_call *c)
{
	return open_at(c, FD(c, 0), ARG(c, 1), (uint32_t)ARG(c, 2),
		       (uint32_t)ARG(c, 3));
}

int64_t exec_open(struct exec_call *c)
{
	return open_at(c, AT_FDCWD, ARG(c, 0), (uint32_t)ARG(c, 1),
		       (uint32_t)ARG(c, 2));
}

int64_t exec_creat(struct exec_call *c)
{
	return open_at(c, AT_FDCWD, ARG(c, 0), O_CREAT | O_WRONLY | O_TRUNC,
		       (uint32_t)ARG(c, 1));
}

int64_t exec_openat2(struct exec_call *c)
{
	struct open_how how;

	if (ARG(c, 3) < sizeof(how) ||
	    exec_memory_read((pid_t)c->n.pid, ARG(c, 2), &how, sizeof(how)) < 0)
		return EXEC_CONTINUE;
	/* What is beneath or above something is the running kernel's to say. */
	if (how.resolve)
		return EXEC_CONTINUE;
	return open_at(c, FD(c, 0), ARG(c, 1), (uint32_t)how.flags,
		       (uint32_t)how.mode);
}

/* Of a path or an open file.  0, EXEC_CONTINUE: not ours, or -errno */
static int64_t ask_stat(struct exec_call *c, struct exec_path *p, bool follow,
			struct exec_stat *ret)
{
	const struct exec_request q = { .verb = EXEC_STAT,
					.path = p->path,
					.follow = follow };
	struct exec_reply reply;
	int64_t rc;

	if (p->handle) {
		snprintf(p->path, sizeof(p->path), "%s", p->handle->path);
		p->side = EXEC_HOSTED;
	}
	if (p->side == EXEC_HOSTED_LAST && !access(p->path, F_OK))
		p->side = EXEC_NATIVE;
	if (p->side == EXEC_NATIVE || !exec_call_is_valid(c))
		return EXEC_CONTINUE;
	rc = exec_ask_path(c, p, &q, &reply);
	if (!rc)
		*ret = reply.stat;
	return rc;
}

static int64_t stat_at(struct exec_call *c, int dirfd, uint64_t address,
		       bool follow, struct exec_stat *ret)
{
	struct exec_path p;
	int64_t rc;

	if (exec_path_read(c, dirfd, address, &p) < 0)
		return EXEC_CONTINUE;
	/* lstat() of /proc/self/fd/N is of the link, which is native. */
	if (!follow && p.handle && p.path[0]) {
		exec_handle_put(c, p.handle);
		return EXEC_CONTINUE;
	}
	rc = ask_stat(c, &p, follow || p.handle, ret);
	exec_handle_put(c, p.handle);
	return rc;
}

static int64_t give_stat(struct exec_call *c, uint64_t address,
			 const struct exec_stat *s)
{
	struct stat st = { .st_dev = HOSTED_DEV,
			   .st_ino = s->ino,
			   .st_mode = s->mode,
			   .st_nlink = s->nlink,
			   .st_uid = s->uid,
			   .st_gid = s->gid,
			   .st_rdev = s->rdev,
			   .st_size = (off_t)s->size,
			   .st_blksize = BLOCK };

	st.st_atim.tv_sec = st.st_mtim.tv_sec = st.st_ctim.tv_sec =
		(time_t)s->mtime;
	return exec_memory_write((pid_t)c->n.pid, address, &st, sizeof(st));
}

static int64_t stat_to(struct exec_call *c, int dirfd, uint64_t path,
		       bool follow, uint64_t to)
{
	struct exec_stat s;
	int64_t rc = stat_at(c, dirfd, path, follow, &s);

	return rc ? rc : give_stat(c, to, &s);
}

int64_t exec_newfstatat(struct exec_call *c)
{
	return stat_to(c, FD(c, 0), ARG(c, 1),
		       !(ARG(c, 3) & AT_SYMLINK_NOFOLLOW), ARG(c, 2));
}

int64_t exec_stat_path(struct exec_call *c)
{
	return stat_to(c, AT_FDCWD, ARG(c, 0), true, ARG(c, 1));
}

int64_t exec_lstat(struct exec_call *c)
{
	return stat_to(c, AT_FDCWD, ARG(c, 0), false, ARG(c, 1));
}

int64_t exec_fstat(struct exec_call *c)
{
	struct exec_path p = { .handle = exec_handle_get(c, FD(c, 0)) };
	struct exec_stat s;
	int64_t rc;

	if (!p.handle)
		return EXEC_CONTINUE;
	rc = ask_stat(c, &p, true, &s);
	exec_handle_put(c, p.handle);
	return rc ? rc : give_stat(c, ARG(c, 1), &s);
}

int64_t exec_statx(struct exec_call *c)
{
	struct exec_stat s;
	int64_t rc = stat_at(c, FD(c, 0), ARG(c, 1),
			     !(ARG(c, 2) & AT_SYMLINK_NOFOLLOW), &s);
	struct statx x = { 0 };

	if (rc)
		return rc;
	x.stx_mask = STATX_BASIC_STATS;
	x.stx_blksize = BLOCK;
	x.stx_nlink = s.nlink;
	x.stx_uid = s.uid;
	x.stx_gid = s.gid;
	x.stx_mode = (uint16_t)s.mode;
	x.stx_ino = s.ino;
	x.stx_size = s.size;
	x.stx_atime.tv_sec = x.stx_mtime.tv_sec = x.stx_ctime.tv_sec =
		(int64_t)s.mtime;
	x.stx_rdev_major = major(s.rdev);
	x.stx_rdev_minor = minor(s.rdev);
	x.stx_dev_major = major(HOSTED_DEV);
	x.stx_dev_minor = minor(HOSTED_DEV);
	return exec_memory_write((pid_t)c->n.pid, ARG(c, 4), &x, sizeof(x));
}

/* Before the hosted kernel everybody is root. */
static int64_t access_at(struct exec_call *c, int dirfd, uint64_t path,
			 uint32_t mode)
{
	struct exec_stat s;
	int64_t rc = stat_at(c, dirfd, path, true, &s);

	if (!rc && (mode & X_OK) && !S_ISDIR(s.mode) && !(s.mode & 0111))
		rc = -EACCES;
	return rc;
}

int64_t exec_faccessat(struct exec_call *c)
{
	return access_at(c, FD(c, 0), ARG(c, 1), (uint32_t)ARG(c, 2));
}

int64_t exec_access(struct exec_call *c)
{
	return access_at(c, AT_FDCWD, ARG(c, 0), (uint32_t)ARG(c, 1));
}

/* What no file of the hosted kernel's trees has. */
int64_t exec_xattr(struct exec_call *c)
{
	struct exec_stat s;
	int64_t rc = stat_at(c, AT_FDCWD, ARG(c, 0), false, &s);

	return rc ? rc : -EOPNOTSUPP;
}

static int64_t ask_link(struct exec_call *c, const struct exec_path *p,
			struct span *ret)
{
	const struct exec_request q = { .verb = EXEC_READLINK,
					.path = p->path };
	struct exec_reply reply;
	int64_t rc;

	if (p->side == EXEC_NATIVE || !exec_call_is_valid(c) ||
	    (p->side == EXEC_HOSTED_LAST && !access(p->path, F_OK)))
		return EXEC_CONTINUE;
	rc = exec_ask_path(c, p, &q, &reply);
	if (!rc)
		*ret = reply.bytes;
	return rc;
}

static int64_t link_at(struct exec_call *c, int dirfd, uint64_t path,
		       uint64_t to, uint64_t size)
{
	struct exec_path p;
	struct span bytes;
	int64_t rc = 0;

	if (exec_path_read(c, dirfd, path, &p) < 0)
		return EXEC_CONTINUE;
	if (p.handle)
		/* /proc/self/fd/N: what is open there */
		bytes = (struct span){ (const uint8_t *)p.handle->path,
				       strlen(p.handle->path) };
	else
		rc = ask_link(c, &p, &bytes);
	if (!rc && (int64_t)size <= 0)
		rc = -EINVAL;
	if (!rc) {
		size = MIN_OF(size, bytes.size);
		rc = exec_memory_write((pid_t)c->n.pid, to, bytes.data,
				       (size_t)size);
	}
	exec_handle_put(c, p.handle);
	return rc ? rc : (int64_t)size;
}

int64_t exec_readlinkat(struct exec_call *c)
{
	return link_at(c, FD(c, 0), ARG(c, 1), ARG(c, 2), ARG(c, 3));
}

int64_t exec_readlink(struct exec_call *c)
{
	return link_at(c, AT_FDCWD, ARG(c, 0), ARG(c, 1), ARG(c, 2));
}

/* Keep what the hosted kernel gave at once, until the program has had it. */
static int64_t entries_fill(struct exec_call *c, struct exec_handle *h)
{
	const struct exec_request q = { .verb = EXEC_LIST,
					.handle = h->remote };
	struct exec_reply reply;

	if (exec_ask(c, &q, &reply))
		return -EIO;
	if (reply.status < 0)
		return exec_status(c, reply.status);
	free(h->entries);
	h->entries_size = h->entries_pos = 0;
	h->entries = malloc(reply.bytes.size + 1);
	if (!h->entries)
		return -ENOMEM;
	if (reply.bytes.size)
		memcpy(h->entries, reply.bytes.data, reply.bytes.size);
	h->entries_size = reply.bytes.size;
	return 0;
}

/* Whole records of at most @room bytes. */
static size_t entries_that_fit(const struct exec_handle *h, uint64_t room)
{
	size_t size = 0;

	while (h->entries_pos + size < h->entries_size) {
		const uint8_t *at = h->entries + h->entries_pos + size;
		uint16_t len;

		memcpy(&len, at + EXEC_DIRENT_LENGTH, sizeof(len));
		if (size + len > room)
			break;
		size += len;
	}
	return size;
}

int64_t exec_getdents64(struct exec_call *c)
{
	struct exec_handle *h = exec_handle_get(c, FD(c, 0));
	int64_t rc = 0;
	size_t size;

	if (!h)
		return EXEC_CONTINUE;
	pthread_mutex_lock(&h->entries_lock);
	if (h->entries_pos == h->entries_size)
		rc = entries_fill(c, h);
	if (!rc && h->entries_size) {
		size = entries_that_fit(h, (uint32_t)ARG(c, 2));
		rc = size ? exec_memory_write((pid_t)c->n.pid, ARG(c, 1),
					      h->entries + h->entries_pos,
					      size) :
			    -EINVAL;
		if (!rc) {
			h->entries_pos += size;
			rc = (int64_t)size;
		}
	}
	pthread_mutex_unlock(&h->entries_lock);
	exec_handle_put(c, h);
	return rc;
}
