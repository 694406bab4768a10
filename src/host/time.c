// SPDX-License-Identifier: GPL-2.0-only
// Virtual time: a tick is when nobody can run, or 4 ms of processor time.
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "host.h"
#include "kernel-calls.h"

#define TICK_US 4000 /* CONFIG_HZ=250; only how often, not how long */

static struct {
	volatile uint64_t *jiffies;
	uint64_t ticks;
	void (*wall)(void);
	void (*hrtimers)(void);
	void (*timers)(void *);
	uint64_t begin;	       /* jiffies when time started */
	struct timespec since; /* the same moment outside */
} t;

uint64_t time_ticks(void)
{
	return t.ticks;
}

void time_tick(void)
{
	uint32_t preempt = *host.percpu.preempt_count;

	t.ticks++;
	if (!t.jiffies)
		return;
	++*t.jiffies;
	if (t.wall)
		t.wall();
	if (t.hrtimers)
		t.hrtimers();
	if (t.timers)
		t.timers(NULL);
	*host.percpu.preempt_count = preempt;
}

/* Code that spins until jiffies pass some value must see it grow. */
bool time_signal(void)
{
	if (!t.jiffies)
		return false;
	++*t.jiffies;
	/* who spins for a lock gives up when another shall run */
	sched_want_switch();
	return sched_used_up();
}

uint64_t time_ns(void)
{
	return t.jiffies ? (*t.jiffies - t.begin) * TICK_US * 1000 : 0;
}

bool time_lags(void)
{
	struct timespec now;
	int64_t past;

	clock_gettime(CLOCK_MONOTONIC, &now);
	past = (now.tv_sec - t.since.tv_sec) * 1000000000LL + now.tv_nsec -
	       t.since.tv_nsec;
	return past > 0 && (uint64_t)past > time_ns();
}

void time_in_child(void)
{
	const struct itimerval every = { { 0, TICK_US }, { 0, TICK_US } };

	setitimer(ITIMER_VIRTUAL, &every, NULL);
}

void time_start(void)
{
	t.jiffies = symp("jiffies_64");
	t.begin = *t.jiffies;
	clock_gettime(CLOCK_MONOTONIC, &t.since);
	t.wall = symp("update_wall_time");
	t.hrtimers = symp("hrtimer_run_queues");
	t.timers = symp("run_timer_softirq");
	time_in_child();
}
