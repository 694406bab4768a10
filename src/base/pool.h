// SPDX-License-Identifier: LGPL-2.1-or-later
// The same work over many items, on several threads.
#pragma once

#include <stddef.h>

/* Called once per item; @worker is 0..threads-1 and picks scratch memory. */
typedef void (*pool_fn)(void *ctx, unsigned int worker, size_t item);

/* Processors this process may use, 1 to POOL_MAX. */
unsigned int pool_default_threads(void);

#define POOL_MAX 64

/*
 * Where @threads may be used, how many are best for short pieces that wait for
 * the kernel's locks, for memory and for each other: four.  On two processors
 * that fills gaps, on many more would only wait.  One stays one.
 */
unsigned int pool_short_threads(unsigned int threads);

/*
 * Run @fn for the items 0..@count-1.  Returns when all are done.  Threads that
 * cannot be started are done without; the caller's own thread always works.
 */
void pool_run(unsigned int threads, size_t count, pool_fn fn, void *ctx);
