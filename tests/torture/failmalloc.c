// SPDX-License-Identifier: LGPL-2.1-or-later
// Fails one allocation: preloaded into lkm by torture.py.
//
// LKM_FAIL_AT=N: the N-th allocation since main() began returns NULL.
// LKM_FAIL_FD=FD: at exit "1" or "0" is written there: was it reached?
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static atomic_long left = -1;
static atomic_int reached;

static int fails_now(void)
{
	if (atomic_load(&left) < 0 || atomic_fetch_sub(&left, 1) != 0)
		return 0;
	atomic_store(&reached, 1);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return fails_now() ? NULL : __libc_realloc(p, size);
}

/* After the loader's own allocations: constructors run just before main(). */
__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("LKM_FAIL_AT");

	if (at)
		atomic_store(&left, strtol(at, NULL, 10) - 1);
}

__attribute__((destructor)) static void end(void)
{
	const char *fd = getenv("LKM_FAIL_FD");

	if (fd && write((int)strtol(fd, NULL, 10), reached ? "1" : "0", 1) != 1)
		_exit(99);
}
