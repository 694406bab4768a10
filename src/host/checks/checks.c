// SPDX-License-Identifier: GPL-2.0-only
// Sleeping where that is not allowed; a function that comes back with
// preemption, interrupts or RCU not as they were.
#include "host/checks/checks.h"

#include <stdio.h>

#include "host/checks/locks.h"
#include "host/fault/finding.h"
#include "host/fault/trace.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define NEED_RESCHED                                                 \
	0x80000000u	 /* arch/x86/include/asm/preempt.h, inverted \
			  */
#define DEPTH_MASK 0xffu /* include/linux/preempt.h */
#define INTERRUPT_MASK 0xffff00u
#define PLACES_MAX 256 /* of reports: each place once */

static struct {
	bool on, inside;
	bool init_unbalanced;
	bool put_right; /* reported: what follows from it is not */
	uint64_t places[PLACES_MAX];
	size_t count;
} c;

void checks_start(void)
{
	/* the first task, which becomes the idle one, starts with 1 */
	*host.percpu.preempt_count = NEED_RESCHED;
	c.on = true;
}

static uint32_t depth(void)
{
	return *host.percpu.preempt_count & ~NEED_RESCHED;
}

static int *rcu_nesting(void)
{
	static int none;
	void *task = (void *)*host.percpu.current_task;

	return host.off.task_rcu == NO_OFFSET ? &none :
						at(task, host.off.task_rcu);
}

static bool is_atomic(void)
{
	return depth() || cpu_flags != CPU_FLAGS_ON || *rcu_nesting() > 0;
}

static void describe(char *buf, size_t size)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");
	struct lock_taken lock;

	if ((depth() & DEPTH_MASK || cpu_flags != CPU_FLAGS_ON) &&
	    locks_held(0, LOCK_SPIN, &lock))
		sn(buf, size, "%s %ps is held since %pS",
		   lock_kind_word(lock.kind), (void *)lock.lock,
		   (void *)lock.caller);
	else if (depth() & INTERRUPT_MASK)
		sn(buf, size, "this is an interrupt, a timer or a softirq");
	else if (depth())
		sn(buf, size, "preemption is off (preempt count %u)", depth());
	else if (cpu_flags != CPU_FLAGS_ON)
		sn(buf, size, "interrupts are off");
	else
		sn(buf, size, "this is inside of rcu_read_lock()");
}

static bool is_new(uint64_t place)
{
	for (size_t i = 0; i < c.count; i++)
		if (c.places[i] == place)
			return false;
	if (c.count < PLACES_MAX)
		c.places[c.count++] = place;
	return true;
}

static void report(const char *what)
{
	char why[240];

	c.inside = true;
	describe(why, sizeof(why));
	trace_find(finding_new(FINDING_SLEEP_IN_ATOMIC, NULL, "%s, but %s",
			       what, why),
		   NULL, NULL);
	c.inside = false;
}

void checks_may_sleep(const char *what)
{
	if (!c.on || !is_atomic() || c.inside || c.put_right)
		return;
	if (is_new(trace_place()))
		report(what);
}

/* The kernel's own complaint (kernel/sched/core.c), and what it does then */
void checks_schedule(void)
{
	void (*complain)(void *) = symp("__schedule_bug");
	uint32_t *count = host.percpu.preempt_count;

	if (!c.on || c.inside || !is_atomic())
		return;
	checks_may_sleep("schedule() is called");
	if (depth()) {
		++*count; /* as inside of schedule() */
		c.inside = true;
		if (complain)
			complain((void *)*host.percpu.current_task);
		c.inside = false;
		*count = NEED_RESCHED;
		c.put_right = true;
	}
	cpu_flags = CPU_FLAGS_ON;
}

void checks_enter(struct checks_entry *e)
{
	e->preempt = depth();
	e->rcu = *rcu_nesting();
	e->flags = cpu_flags;
	e->locks = locks_count();
	c.init_unbalanced = false;
	c.put_right = false;
	c.count = 0;
}

void checks_init_unbalanced(void)
{
	c.init_unbalanced = true;
}

static void frame_of_module(struct finding *f, uint64_t ip)
{
	if (is_module_area(ip))
		finding_frame(f, ip, FRAME_RELIABLE);
}

static void find_spin(const struct checks_entry *e, const struct checks_of *of)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");
	struct lock_taken lock;
	struct finding *f;
	char text[240];

	if (locks_held(e->locks, LOCK_SPIN, &lock)) {
		sn(text, sizeof(text), "%s returns with %s %ps held", of->what,
		   lock_kind_word(lock.kind), (void *)lock.lock);
		f = finding_new(FINDING_LOCK_HELD, of->module, "%s", text);
		frame_of_module(f, lock.caller);
	} else {
		f = finding_new(FINDING_PREEMPT_IMBALANCE, of->module,
				c.init_unbalanced ?
					"%s returns with preemption or "
					"interrupts not as they were" :
				cpu_flags != e->flags && depth() == e->preempt ?
					"%s returns with interrupts off" :
					"%s returns with another preempt count",
				of->what);
	}
	if (of->fn)
		finding_frame(f, of->fn, FRAME_RELIABLE | FRAME_EXACT);
}

static void find_mutex(const struct checks_entry *e, const struct checks_of *of)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");
	struct lock_taken lock;
	struct finding *f;
	char text[240];

	if (!locks_held(e->locks, LOCK_MUTEX, &lock))
		return;
	locks_forget(lock.lock);
	sn(text, sizeof(text), "%s returns with mutex %ps held", of->what,
	   (void *)lock.lock);
	f = finding_new(FINDING_LOCK_HELD, of->module, "%s", text);
	frame_of_module(f, lock.caller);
	if (of->fn)
		finding_frame(f, of->fn, FRAME_RELIABLE | FRAME_EXACT);
}

static void find_rcu(const struct checks_of *of)
{
	struct finding *f = finding_new(FINDING_LOCK_HELD, of->module,
					"%s returns inside of rcu_read_lock()",
					of->what);

	if (of->fn)
		finding_frame(f, of->fn, FRAME_RELIABLE | FRAME_EXACT);
}

void checks_find(const struct checks_entry *e, const struct checks_of *of)
{
	bool quiet = c.put_right;

	if (!c.on)
		return;
	find_mutex(e, of);
	c.put_right |= depth() != e->preempt || cpu_flags != e->flags ||
		       *rcu_nesting() != e->rcu || c.init_unbalanced;
	if (quiet || !c.put_right)
		return;
	if (*rcu_nesting() != e->rcu)
		find_rcu(of);
	if (depth() != e->preempt || cpu_flags != e->flags || c.init_unbalanced)
		find_spin(e, of);
	c.init_unbalanced = false;
}

void checks_leave(const struct checks_entry *e, const struct checks_of *of)
{
	if (!c.on)
		return;
	checks_find(e, of);
	/* it would be seen as soon as another thread shall run */
	if (depth() != e->preempt)
		checks_schedule();
	*rcu_nesting() = e->rcu;
	cpu_flags = e->flags;
	*host.percpu.preempt_count = e->preempt | NEED_RESCHED;
	c.put_right = false;
}

/* Modules' init functions; the kernel's own ran before checks_start(). */
KERNEL_ENTRY int kernel_one_initcall(int (*fn)(void))
{
	int (*rest)(int (*)(void)) = replaced("do_one_initcall");
	struct checks_entry e;
	int r;

	checks_enter(&e);
	r = rest(fn);
	checks_find(&e,
		    &(struct checks_of){ .fn = (uint64_t)fn, .what = "init" });
	return r;
}
