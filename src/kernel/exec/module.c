// SPDX-License-Identifier: LGPL-2.1-or-later
// insmod, rmmod, dmesg and uname of a program: its kernel is the hosted one.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#define ARG(c, i) ((c)->n.data.args[i])
#define MODULE_MAX ((uint64_t)256 << 20)
#define PARAMS_MAX 65536
#define LOG_SIZE ((size_t)1 << 18)

/* syslog(2) */
enum { LOG_READ_ALL = 3, LOG_READ_CLEAR = 4, LOG_CLEAR = 5, LOG_SIZE_BUF = 10 };

static int64_t ask_load(struct exec_call *c, int fd, uint64_t params,
			uint32_t flags)
{
	_cleanup_free_ char *text = malloc(PARAMS_MAX);
	struct exec_request q = {
		.verb = EXEC_LOAD, .flags = flags, .path = text, .fd = fd
	};
	struct exec_reply reply;
	int rc;

	if (!text)
		return -ENOMEM;
	rc = exec_memory_string((pid_t)c->n.pid, params, text, PARAMS_MAX);
	if (rc < 0)
		return rc == -ENAMETOOLONG ? -E2BIG : -EFAULT;
	if (exec_ask(c, &q, &reply))
		return -EIO;
	return exec_status(c, reply.status);
}

int64_t exec_finit_module(struct exec_call *c)
{
	_cleanup_close_ int fd = exec_fd_copy(c, (int)ARG(c, 0));

	if (fd < 0)
		return fd;
	return ask_load(c, fd, ARG(c, 1), (uint32_t)ARG(c, 2));
}

/* The module's bytes, in a file. */
static int image_file(struct exec_call *c, uint64_t address, uint64_t size)
{
	_cleanup_close_ int fd = memfd_create("module", MFD_CLOEXEC);
	void *to;
	int rc;

	if (size > MODULE_MAX)
		return -ENOMEM;
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return -errno;
	to = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 0) :
		    MAP_FAILED;
	if (to == MAP_FAILED)
		return -ENOEXEC;
	rc = exec_memory_read((pid_t)c->n.pid, address, to, size);
	munmap(to, size);
	return rc < 0 ? -EFAULT : take_fd(&fd);
}

int64_t exec_init_module(struct exec_call *c)
{
	_cleanup_close_ int fd = image_file(c, ARG(c, 0), ARG(c, 1));

	return fd < 0 ? fd : ask_load(c, fd, ARG(c, 2), 0);
}

int64_t exec_delete_module(struct exec_call *c)
{
	char name[64];
	struct exec_request q = { .verb = EXEC_UNLOAD,
				  .path = name,
				  .flags = (uint32_t)ARG(c, 1) };
	struct exec_reply reply;
	int rc = exec_memory_string((pid_t)c->n.pid, ARG(c, 0), name,
				    sizeof(name));

	if (rc < 0)
		return rc == -ENAMETOOLONG ? -ENOENT : -EFAULT;
	if (exec_ask(c, &q, &reply))
		return -EIO;
	return exec_status(c, reply.status);
}

/* The last whole lines of the log that fit into @size bytes. */
static int64_t read_log(struct exec_call *c, char *to, size_t size)
{
	struct exec_request q = { .verb = EXEC_LOG,
				  .offset = (int64_t)c->x->log_cleared };
	size_t used = 0, drop;
	struct exec_reply reply;

	for (;;) {
		if (exec_ask(c, &q, &reply))
			return -EIO;
		if (reply.status < 0)
			return reply.status;
		if (!reply.bytes.size || reply.bytes.size > size)
			return (int64_t)used;
		if (used + reply.bytes.size > size) {
			const char *line;

			drop = used + reply.bytes.size - size;
			line = drop < used ?
				       memchr(to + drop, '\n', used - drop) :
				       NULL;
			drop = line ? (size_t)(line + 1 - to) : used;
			memmove(to, to + drop, used - drop);
			used -= drop;
		}
		memcpy(to + used, reply.bytes.data, reply.bytes.size);
		used += reply.bytes.size;
		q.offset = (int64_t)reply.position;
	}
}

static int64_t clear_log(struct exec_call *c)
{
	struct exec_request q = { .verb = EXEC_LOG,
				  .offset = (int64_t)c->x->log_cleared };
	struct exec_reply reply;

	do {
		if (exec_ask(c, &q, &reply))
			return -EIO;
		q.offset = (int64_t)reply.position;
	} while (reply.status >= 0 && reply.bytes.size);
	c->x->log_cleared = (uint64_t)q.offset;
	return 0;
}

int64_t exec_syslog(struct exec_call *c)
{
	_cleanup_free_ char *text = NULL;
	size_t size = (size_t)MIN_OF(ARG(c, 2), (uint64_t)LOG_SIZE);
	int64_t n, rc;

	switch ((int)ARG(c, 0)) {
	case LOG_SIZE_BUF: return LOG_SIZE;
	case LOG_CLEAR: return clear_log(c);
	case LOG_READ_ALL:
	case LOG_READ_CLEAR: break;
	default: return -EINVAL;
	}
	text = malloc(LOG_SIZE);
	if (!text)
		return -ENOMEM;
	n = read_log(c, text, size);
	if (n < 0)
		return n;
	rc = exec_memory_write((pid_t)c->n.pid, ARG(c, 1), text, (size_t)n);
	if (!rc && (int)ARG(c, 0) == LOG_READ_CLEAR)
		rc = clear_log(c);
	return rc ? rc : n;
}

int64_t exec_uname(struct exec_call *c)
{
	const struct exec_backend *b = c->x->backend;
	struct utsname u;

	if (!b->release || uname(&u) < 0)
		return EXEC_CONTINUE;
	snprintf(u.release, sizeof(u.release), "%s", b->release);
	snprintf(u.version, sizeof(u.version), "%.*s",
		 (int)strcspn(b->version, "\n"), b->version);
	return exec_memory_write((pid_t)c->n.pid, ARG(c, 0), &u, sizeof(u));
}
