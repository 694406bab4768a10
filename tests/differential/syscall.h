// SPDX-License-Identifier: LGPL-2.1-or-later
// Preloaded before syscall(3), by which kmod makes the calls that libc has no
// function for.
#pragma once

#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>

long syscall(long number, ...);

/* The answer to a call that is not made; false: it is. */
static bool take_syscall(long number, const long a[6], long *ret);

long syscall(long number, ...)
{
	static long (*real)(long, ...);
	va_list args;
	long a[6], ret;

	va_start(args, number);
	for (size_t i = 0; i < sizeof(a) / sizeof(*a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (take_syscall(number, a, &ret))
		return ret;
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
