// SPDX-License-Identifier: LGPL-2.1-or-later
// Which paths are the hosted kernel's, for a program that runs before it.
#include "kernel/exec/exec.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/*
 * The first that is the path, or a directory above it, decides; docs/hosted.md
 * has the same list.  Native is what a program asks about itself, its terminal
 * and the machine that it runs on: the C library, shells and allocators do.
 */
static const struct {
	const char *prefix;
	enum exec_side side;
} rules[] = {
	{ "/dev/console", EXEC_NATIVE },
	{ "/dev/fd", EXEC_NATIVE },
	{ "/dev/full", EXEC_NATIVE },
	{ "/dev/mqueue", EXEC_NATIVE },
	{ "/dev/null", EXEC_NATIVE },
	{ "/dev/ptmx", EXEC_NATIVE },
	{ "/dev/pts", EXEC_NATIVE },
	{ "/dev/random", EXEC_NATIVE },
	{ "/dev/shm", EXEC_NATIVE },
	{ "/dev/stderr", EXEC_NATIVE },
	{ "/dev/stdin", EXEC_NATIVE },
	{ "/dev/stdout", EXEC_NATIVE },
	{ "/dev/tty", EXEC_NATIVE },
	{ "/dev/urandom", EXEC_NATIVE },
	{ "/dev/zero", EXEC_NATIVE },
	{ "/dev", EXEC_HOSTED_FIRST },
	{ "/proc/cpuinfo", EXEC_NATIVE },
	{ "/proc/loadavg", EXEC_NATIVE },
	{ "/proc/meminfo", EXEC_NATIVE },
	{ "/proc/mounts", EXEC_NATIVE },
	{ "/proc/net", EXEC_HOSTED_LAST },
	{ "/proc/pressure", EXEC_NATIVE },
	{ "/proc/self", EXEC_NATIVE },
	{ "/proc/stat", EXEC_NATIVE },
	{ "/proc/sys/debug", EXEC_HOSTED_FIRST },
	{ "/proc/sys/dev", EXEC_HOSTED_FIRST },
	{ "/proc/sys/kernel/modprobe", EXEC_HOSTED_FIRST },
	{ "/proc/sys/kernel/modules_disabled", EXEC_HOSTED_FIRST },
	{ "/proc/sys/kernel/osrelease", EXEC_HOSTED_FIRST },
	{ "/proc/sys/kernel/printk", EXEC_HOSTED_FIRST },
	{ "/proc/sys/kernel/tainted", EXEC_HOSTED_FIRST },
	{ "/proc/sys/kernel/version", EXEC_HOSTED_FIRST },
	{ "/proc/sys", EXEC_HOSTED_LAST },
	{ "/proc/sysvipc", EXEC_NATIVE },
	{ "/proc/thread-self", EXEC_NATIVE },
	{ "/proc/uptime", EXEC_NATIVE },
	{ "/proc/vmstat", EXEC_NATIVE },
	{ "/proc", EXEC_HOSTED_FIRST },
	{ "/sys/devices/system/cpu", EXEC_NATIVE },
	{ "/sys/devices/system/node", EXEC_NATIVE },
	{ "/sys/fs/cgroup", EXEC_NATIVE },
	{ "/sys/kernel/mm", EXEC_NATIVE },
	{ "/sys", EXEC_HOSTED },
};

enum exec_side exec_path_side(const char *path)
{
	/* ps(1) and its like look for processes, of which only we have any. */
	if (!strcmp(path, "/proc") ||
	    (text_starts(path, "/proc/") && isdigit((unsigned char)path[6])))
		return EXEC_NATIVE;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		size_t len = strlen(rules[i].prefix);

		if (!strncmp(path, rules[i].prefix, len) &&
		    (!path[len] || path[len] == '/'))
			return rules[i].side;
	}
	return EXEC_NATIVE;
}

/* The path without empty, "." and ".." parts, as it is written. */
static void path_simplify(const char *path, char *to)
{
	size_t used = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2)) {
			while (used && to[--used] != '/')
				;
		} else if (len && !(len == 1 && *path == '.')) {
			to[used++] = '/';
			memcpy(to + used, path, len);
			used += len;
		}
		path += len + (path[len] == '/');
	}
	if (!used)
		to[used++] = '/';
	to[used] = 0;
}

/* "/proc/self/fd/N", "/dev/fd/N", "/dev/stdin": N; -1: none of them */
static int path_descriptor(const char *path)
{
	static const char *const standard[] = { "/dev/stdin", "/dev/stdout",
						"/dev/stderr" };
	static const char *const prefixes[] = { "/proc/self/fd/",
						"/proc/thread-self/fd/",
						"/dev/fd/" };
	uint64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(standard); i++) {
		if (!strcmp(path, standard[i]))
			return (int)i;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (text_starts(path, prefixes[i]) &&
		    text_to_u64(path + strlen(prefixes[i]), 10, &n) &&
		    n <= INT32_MAX)
			return (int)n;
	}
	return -1;
}

/* What a relative path begins at, with a '/' at its end. */
static int path_base(struct exec_call *c, int dirfd, char *to)
{
	struct exec_handle *h;
	char name[32] = "cwd";
	int rc = 0;

	if (dirfd != AT_FDCWD) {
		h = exec_handle_get(c, dirfd);
		if (h) {
			snprintf(to, PATH_MAX, "%s", h->path);
			exec_handle_put(c, h);
		} else {
			snprintf(name, sizeof(name), "fd/%d", dirfd);
			rc = exec_proc_link((pid_t)c->n.pid, name, to,
					    PATH_MAX);
		}
	} else {
		rc = exec_proc_link((pid_t)c->n.pid, name, to, PATH_MAX);
	}
	if (!rc && strlen(to) + 2 > PATH_MAX)
		rc = -ENAMETOOLONG;
	if (!rc)
		memcpy(to + strlen(to), "/", 2);
	return rc;
}

int exec_path_read(struct exec_call *c, int dirfd, uint64_t address,
		   struct exec_path *ret)
{
	char simple[PATH_MAX + 1];
	char name[PATH_MAX];
	size_t base = 0;
	int fd;
	int rc = exec_memory_string((pid_t)c->n.pid, address, name,
				    sizeof(name));

	ret->side = EXEC_NATIVE;
	ret->path[0] = 0;
	ret->handle = NULL;
	if (rc < 0)
		return rc;
	if (!*name) {
		/* AT_EMPTY_PATH: the descriptor itself */
		ret->handle = exec_handle_get(c, dirfd);
		return 0;
	}
	if (*name != '/') {
		rc = path_base(c, dirfd, ret->path);
		if (rc < 0)
			return rc;
		base = strlen(ret->path);
	}
	if (base + strlen(name) >= sizeof(ret->path))
		return -ENAMETOOLONG;
	memcpy(ret->path + base, name, strlen(name) + 1);
	path_simplify(ret->path, simple);
	ret->side = exec_path_side(simple);
	fd = path_descriptor(simple);
	if (fd >= 0)
		ret->handle = exec_handle_get(c, fd);
	return 0;
}
