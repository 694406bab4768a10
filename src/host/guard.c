// SPDX-License-Identifier: GPL-2.0-only
// Calls into the kernel that may end by a fault, a panic or a deadlock.
#include <string.h>
#include <stdarg.h>

#include "host.h"
#include "kernel-calls.h"

#define CALL_SECONDS 4 /* of processor time; no init of a module needs one */

static struct {
	bool active;
	int fiber;
	jmp_buf back;
	char why[512];
} g;

bool guard_is_active(void)
{
	return g.active;
}

int guard_fiber(void)
{
	return g.fiber;
}

void guard_note(const char *why)
{
	snprintf(g.why, sizeof(g.why), "%s", why);
}

void guard_abort(const char *why)
{
	if (why != g.why)
		guard_note(why);
	longjmp(g.back, 1);
}

long guard_call(long (*fn)(void *), void *arg, struct verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	g.active = true;
	g.fiber = sched_current();
	g.why[0] = '\0';
	sched_run_pending();
	time_limit(CALL_SECONDS);
	if (!setjmp(g.back)) {
		ret->value = fn(arg);
	} else {
		ret->aborted = true;
		snprintf(ret->why, sizeof(ret->why), "%s", g.why);
		sched_abandon(g.fiber);
	}
	time_limit(0);
	g.active = false;
	return ret->value;
}

/* The thread that runs cannot go on: only it ends, unless it is the caller. */
void host_stop(const char *format, ...)
{
	char why[512];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (!g.active) {
		fprintf(stderr, "lkm-host: %s\n", why);
		_exit(9);
	}
	guard_note(why);
	if (sched_current() == g.fiber)
		guard_abort(g.why);
	sched_die();
}
