// SPDX-License-Identifier: GPL-2.0-only
// Calls into the kernel that may end by a fault, a panic or a deadlock.
#include <string.h>
#include <stdarg.h>

#include "host/fault/trace.h"
#include "host/host.h"
#include "host/kernel-calls.h"

/* One guard per thread: what ends one call leaves the others alone. */
struct guard {
	jmp_buf back;
	uint64_t watched; /* not 0: when it began, of all that are watched */
	char why[512];
	struct guard *outer;
	const struct guard_escape *escape; /* NULL: back to the caller */
};

bool guard_is_active(void)
{
	return sched_is_serving() || sched_guard();
}

uint64_t guard_watched(const struct guard *g)
{
	return g ? g->watched : 0;
}

/*
 * What the thread had on its stack may be linked from elsewhere, such as the
 * queue that it waits in: with an escape the stack stays as it is, and somebody
 * else goes on with the caller's work.  Then this returns.
 */
void guard_abort(const char *why)
{
	struct guard *g = sched_guard();

	if (g->escape) {
		sched_set_guard(NULL);
		sched_keep_stack();
		g->escape->fn(g->escape->arg);
		return;
	}
	snprintf(g->why, sizeof(g->why), "%s", why);
	cpu_flags = CPU_FLAGS_ON;
	longjmp(g->back, 1);
}

static const void *page_above(const void *p)
{
	return (const void *)(((uint64_t)p + 8191) & ~4095UL);
}

static long call(struct guard *g, long (*fn)(void *), void *arg,
		 struct verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	g->outer = sched_guard();
	sched_set_guard(g);
	if (!sched_current()) /* the program's own stack is its task's */
		trace_set_stack(sched_task_of_fiber(0),
				page_above(__builtin_frame_address(0)));
	sched_restart_idle();
	if (!setjmp(g->back)) {
		ret->value = fn(arg);
	} else {
		ret->aborted = true;
		snprintf(ret->why, sizeof(ret->why), "%s", g->why);
		sched_recover();
	}
	sched_set_guard(g->outer);
	return ret->value;
}

static uint64_t next_watched(void)
{
	static uint64_t last;

	return ++last;
}

long guard_call(long (*fn)(void *), void *arg, struct verdict *ret)
{
	struct guard g = { .watched = next_watched() };

	return call(&g, fn, arg, ret);
}

long guard_escaping(long (*fn)(void *), void *arg, bool watched,
		    const struct guard_escape *escape)
{
	struct guard g = { .watched = watched ? next_watched() : 0,
			   .escape = escape };
	struct verdict unused;

	return call(&g, fn, arg, &unused);
}

long guard_request(long (*fn)(void *), void *arg, struct verdict *ret)
{
	struct guard g = { 0 };

	return call(&g, fn, arg, ret);
}

/* The thread that runs cannot go on: only it ends, unless it is the caller. */
void host_stop(const char *format, ...)
{
	char why[512];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	fault_left();
	/* as make_task_dead(): who goes on in this thread is in no interrupt */
	cpu_flags = CPU_FLAGS_ON;
	*host.percpu.preempt_count = PREEMPT_ENABLED;
	if (sched_guard())
		guard_abort(why);
	if (!sched_may_die()) {
		fprintf(stderr, "lkm-host: %s\n", why);
		_exit(9);
	}
	sched_die();
}
