// SPDX-License-Identifier: GPL-2.0-only
// Virtual time: a tick is when nobody can run, or 4 ms of processor time.
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "host/host.h"
#include "host/kernel-calls.h"

/* include/linux/preempt.h */
#define SOFTIRQ_OFFSET 0x100u
#define HARDIRQ_OFFSET 0x10000u

#define TICK_US 4000 /* CONFIG_HZ=250; only how often, not how long */

static struct {
	volatile uint64_t *jiffies;
	uint64_t ticks;
	volatile bool owed; /* jiffies grew, nobody looked at the timers */
	uint32_t in_hardirq, in_softirq; /* of the preempt count */
	void (*wall)(void);
	void (*hrtimers)(void);
	void (*timers)(void *);
	uint64_t begin; /* jiffies when time started */
	int64_t since;	/* the same moment outside, in ns of the clock there */
} t;

uint64_t time_ticks(void)
{
	return t.ticks;
}

static void expire(void)
{
	uint32_t preempt = *host.percpu.preempt_count;
	uint64_t flags = cpu_flags;

	t.owed = false;
	irq_work_run();
	cpu_flags = CPU_FLAGS_OFF;
	*host.percpu.preempt_count = preempt + t.in_hardirq;
	if (t.wall)
		t.wall();
	if (t.hrtimers)
		t.hrtimers();
	cpu_flags = CPU_FLAGS_ON;
	*host.percpu.preempt_count = preempt + t.in_softirq;
	if (t.timers)
		t.timers(NULL);
	*host.percpu.preempt_count = preempt;
	cpu_flags = flags;
}

void time_tick(void)
{
	t.ticks++;
	if (!t.jiffies)
		return;
	++*t.jiffies;
	expire();
}

/* Threads that never leave the processor idle have timers too. */
void time_run_owed(void)
{
	if (t.owed)
		expire();
}

/* Code that spins until jiffies pass some value must see it grow. */
bool time_signal(void)
{
	if (!t.jiffies)
		return false;
	++*t.jiffies;
	t.owed = true;
	/* who spins for a lock gives up when another shall run */
	sched_want_switch();
	return sched_used_up();
}

uint64_t time_ns(void)
{
	return t.jiffies ? (*t.jiffies - t.begin) * TICK_US * 1000 : 0;
}

static int64_t outside_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * Time that was jumped over while a load waited is not waited for again: the
 * clock goes on from there.
 */
bool time_lags(void)
{
	int64_t ahead = (int64_t)time_ns() - (outside_ns() - t.since);

	if (ahead > 2 * TICK_US * 1000)
		t.since -= ahead;
	return ahead < 0;
}

void time_in_child(void)
{
	const struct itimerval every = { { 0, TICK_US }, { 0, TICK_US } };

	setitimer(ITIMER_VIRTUAL, &every, NULL);
}

void time_start(void)
{
	t.jiffies = symp("jiffies_64");
	/* in a real-time kernel timers run in threads */
	if (!sym("rt_spin_lock")) {
		t.in_hardirq = HARDIRQ_OFFSET;
		t.in_softirq = SOFTIRQ_OFFSET;
	}
	t.begin = *t.jiffies;
	t.since = outside_ns();
	t.wall = symp("update_wall_time");
	t.hrtimers = symp("hrtimer_run_queues");
	t.timers = symp("run_timer_softirq");
	time_in_child();
}
