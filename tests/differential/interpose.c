// SPDX-License-Identifier: LGPL-2.1-or-later
// Preloaded into kmod's tools: the calls for which a library stands between
// them and the kernel, written to $INTERPOSE_LOG and not made.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include "syscall.h"

int init_module(const void *image, unsigned long size, const char *params);
int delete_module(const char *name, unsigned int flags);
void __syslog_chk(int priority, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	const char *path = getenv("INTERPOSE_LOG");
	va_list args;
	int fd;

	fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
	if (fd < 0)
		return;
	va_start(args, fmt);
	vdprintf(fd, fmt, args);
	va_end(args);
	close(fd);
}

static int finit_module(int fd, const char *params, int flags)
{
	char link[64], path[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	note("finit_module %s <%s> %d\n", path, params, flags);
	if (getenv("INTERPOSE_ENOSYS")) {
		errno = ENOSYS;
		return -1;
	}
	return 0;
}

int init_module(const void *image, unsigned long size, const char *params)
{
	(void)image;
	note("init_module %lu <%s>\n", size, params);
	return 0;
}

int delete_module(const char *name, unsigned int flags)
{
	note("delete_module %s %u\n", name, flags);
	return 0;
}

static bool take_syscall(long number, const long a[6], long *ret)
{
	switch (number) {
	case SYS_finit_module:
		*ret = finit_module((int)a[0], (const char *)a[1], (int)a[2]);
		return true;
	case SYS_init_module:
		*ret = init_module((const void *)a[0], (unsigned long)a[1],
				   (const char *)a[2]);
		return true;
	case SYS_delete_module:
		*ret = delete_module((const char *)a[0], (unsigned int)a[1]);
		return true;
	}
	return false;
}

int uname(struct utsname *u)
{
	const char *release = getenv("INTERPOSE_RELEASE");

	if (syscall(SYS_uname, u) < 0)
		return -1;
	if (release)
		snprintf(u->release, sizeof(u->release), "%s", release);
	return 0;
}

void openlog(const char *ident, int option, int facility)
{
	note("openlog %s %d\n", ident, facility);
	(void)option;
}

void vsyslog(int priority, const char *fmt, va_list args)
{
	char text[2048];

	vsnprintf(text, sizeof(text), fmt, args);
	note("syslog %d %s\n", priority, text);
}

void syslog(int priority, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsyslog(priority, fmt, args);
	va_end(args);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list args;

	(void)flag;
	va_start(args, fmt);
	vsyslog(priority, fmt, args);
	va_end(args);
}
