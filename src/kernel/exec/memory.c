// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a program that waits for an answer: its memory, its
// descriptors, its signals.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define PAGE 4096

int exec_memory_read(pid_t tid, uint64_t address, void *to, size_t size)
{
	struct iovec ours = { to, size };
	struct iovec theirs = { (void *)(uintptr_t)address, size };
	ssize_t n = process_vm_readv(tid, &ours, 1, &theirs, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

int exec_memory_write(pid_t tid, uint64_t address, const void *from,
		      size_t size)
{
	struct iovec ours = { (void *)(uintptr_t)from, size };
	struct iovec theirs = { (void *)(uintptr_t)address, size };
	ssize_t n = process_vm_writev(tid, &ours, 1, &theirs, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

int exec_memory_string(pid_t tid, uint64_t address, char *to, size_t size)
{
	size_t have = 0;

	/* Page by page: what follows the string need not be there. */
	while (have < size) {
		size_t part = PAGE - (size_t)((address + have) % PAGE);
		int rc;

		part = MIN_OF(part, size - have);
		rc = exec_memory_read(tid, address + have, to + have, part);
		if (rc < 0)
			return rc;
		if (memchr(to + have, 0, part))
			return 0;
		have += part;
	}
	return -ENAMETOOLONG;
}

uint64_t exec_fd_pipe(pid_t tid, int fd, uint64_t *ret_dev)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	if (fd < 0 || stat(path, &st) < 0 || !S_ISFIFO(st.st_mode))
		return 0;
	*ret_dev = st.st_dev;
	return st.st_ino;
}

int exec_proc_link(pid_t tid, const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	n = readlink(path, to, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	to[n] = 0;
	return 0;
}

/* The number behind "\nNAME:\t" of /proc/PID/status */
static uint64_t status_field(const char *text, const char *name, int base)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, base) : 0;
}

bool exec_signal_pending(pid_t tid, const uint64_t *mask, bool *ret_shared)
{
	_cleanup_close_ int fd = -1;
	uint64_t own, group, blocked;
	char text[4096];
	char path[48];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = 0;
	blocked = mask ? *mask : status_field(text, "\nSigBlk:\t", 16);
	own = status_field(text, "\nSigPnd:\t", 16) & ~blocked;
	group = status_field(text, "\nShdPnd:\t", 16) & ~blocked;
	*ret_shared = !own && status_field(text, "\nThreads:\t", 10) > 1;
	return own || group;
}
