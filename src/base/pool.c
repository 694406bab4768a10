// SPDX-License-Identifier: LGPL-2.1-or-later
// The same work over many items, on several threads.
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/macro.h"

struct pool {
	pool_fn fn;
	void *ctx;
	size_t count;
	atomic_size_t next;
};

struct worker {
	struct pool *pool;
	unsigned int number;
	pthread_t thread;
};

unsigned int pool_default_threads(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return (unsigned int)MAX_OF(1, MIN_OF(n, POOL_MAX));
}

unsigned int pool_short_threads(unsigned int threads)
{
	return threads > 1 ? 4 : 1;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;

	for (;;) {
		size_t i = atomic_fetch_add(&p->next, 1);

		if (i >= p->count)
			return NULL;
		p->fn(p->ctx, w->number, i);
	}
}

void pool_run(unsigned int threads, size_t count, pool_fn fn, void *ctx)
{
	struct pool pool = { .fn = fn, .ctx = ctx, .count = count };
	struct worker workers[POOL_MAX];
	unsigned int started = 0;

	threads = MIN_OF(threads, POOL_MAX);
	if (threads > count)
		threads = (unsigned int)count;
	for (unsigned int i = 1; i < threads; i++) {
		struct worker *w = &workers[started];

		*w = (struct worker){ .pool = &pool, .number = started + 1 };
		if (pthread_create(&w->thread, NULL, worker_main, w) == 0)
			started++;
	}
	worker_main(&(struct worker){ .pool = &pool, .number = 0 });
	for (unsigned int i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
}
