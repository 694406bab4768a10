// SPDX-License-Identifier: LGPL-2.1-or-later
// The three module system calls.
#include "kernel/syscall.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * glibc exports these two without a header.  They are used rather than
 * syscall() so that libraries that interpose them (fakechroot) see the call.
 */
int init_module(const void *image, unsigned long size, const char *params);
int delete_module(const char *name, unsigned int flags);

int sys_finit_module(int fd, const char *params, int flags)
{
	return syscall(SYS_finit_module, fd, params, flags) < 0 ? -errno : 0;
}

int sys_init_module(const void *image, size_t size, const char *params)
{
	return init_module(image, size, params) < 0 ? -errno : 0;
}

int sys_delete_module(const char *name, unsigned int flags)
{
	return delete_module(name, flags) < 0 ? -errno : 0;
}
