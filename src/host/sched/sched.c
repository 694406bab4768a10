// SPDX-License-Identifier: GPL-2.0-only
// Threads of the kernel as fibers on one processor that never preempts.
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "host/checks/checks.h"
#include "host/fault/finding.h"
#include "host/fault/trace.h"
#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/sched/task.h"

#define SETTLE_TURNS 1000
#define FIBERS_MAX 8192
#define STACK_GUARD 4096UL
#define IDLE_TICKS_MAX 20000 /* 80 s of the kernel's time without any work */
#define USED_TICKS_MAX (LOCKUP_SECONDS * 250) /* time.c */
#define POLL_EVERY 1024 /* steps of an idle thread in a hurry */
#define IDLE_MS 4
#define CATCH_UP_MAX 1000
#define CATCH_UP_TURNS 16 /* of the threads in each of them */

#define PF_WQ_WORKER 0x20u

struct fiber {
	char *task;
	uint32_t preempt;
	bool dead;
	bool gives_way;	      /* ready, whatever its state is */
	bool blocked_forever; /* it is told so when it runs */
	unsigned int used;    /* ticks of processor time without a break */
	struct guard *guard;  /* innermost */
	void *owner;
	bool remote;
	int (*fn)(void *);
	void *arg;
	char *stack;
	bool keep_stack;	/* somebody may have its address still */
	uint32_t blocked_state; /* what it was before it is told */
};

static struct {
	struct fiber fibers[FIBERS_MAX];
	int count, current;
	uint64_t idle_from;
	struct sched_outside outside;
	bool serving; /* fiber 0 is the idle thread, always runnable */
	void (*worker_sleeping)(void *task);
	void (*worker_running)(void *task);
	void (*flush_plug)(void *plug, bool from_schedule);
} s = { .count = 1 };

/*
 * Saves what a function must keep, then goes on with another stack.  In the
 * order of struct inactive_task_frame (arch/x86/include/asm/switch_to.h).
 */
void fiber_switch(uint64_t *save, uint64_t to);
__asm__(".pushsection .text\n"
	".globl fiber_switch\n"
	"fiber_switch:\n"
	"push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp,(%rdi)\n"
	"mov %rsi,%rsp\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
	"ret\n"
	".popsection\n");

static uint32_t *state_of(const struct fiber *f)
{
	return at(f->task, host.off.task_state);
}

static uint32_t *info_flags(const struct fiber *f)
{
	return at(f->task, host.off.task_info_flags);
}

static uint64_t *thread_sp(const struct fiber *f)
{
	return at(f->task, host.off.task_thread_sp);
}

static bool is_runnable(const struct fiber *f)
{
	return !f->dead && (f->gives_way || *state_of(f) == TASK_RUNNING);
}

void sched_init(void)
{
	s.fibers[0].task = symp("init_task");
	s.worker_sleeping = symp("wq_worker_sleeping");
	s.worker_running = symp("wq_worker_running");
	s.flush_plug = symp("__blk_flush_plug");
	*host.percpu.current_task = (uint64_t)s.fibers[0].task;
	*host.percpu.preempt_count = PREEMPT_ENABLED;
}

int sched_current(void)
{
	return s.current;
}

void *sched_task_of_fiber(int i)
{
	return s.fibers[i].task;
}

static void switch_to(int next)
{
	struct fiber *me = &s.fibers[s.current];

	me->preempt = *host.percpu.preempt_count;
	s.current = next;
	if (!s.fibers[next].guard)
		s.fibers[next].used = 0;
	*host.percpu.current_task = (uint64_t)s.fibers[next].task;
	*host.percpu.preempt_count = s.fibers[next].preempt;
	remote_switch(s.fibers[next].remote);
	fiber_switch(thread_sp(me), *thread_sp(&s.fibers[next]));
}

static struct fiber *free_fiber(void)
{
	for (int i = 1; i < s.count; i++)
		if (s.fibers[i].dead && i != s.current)
			return &s.fibers[i];
	return s.count < FIBERS_MAX ? &s.fibers[s.count++] : NULL;
}

/* A page that cannot be touched ends it: recursion without end is a fault. */
static char *new_stack(void)
{
	char *p = mmap(NULL, FIBER_STACK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p, STACK_GUARD, PROT_NONE) == 0)
		return p;
	munmap(p, FIBER_STACK);
	return NULL;
}

/* As copy_thread() leaves it: the first switch goes to ret_from_fork(). */
static bool give_stack(struct fiber *f)
{
	uint64_t start = sym("ret_from_fork_asm"); /* since v6.6 */
	uint64_t *sp;

	if (!f->stack)
		f->stack = new_stack();
	if (!f->stack)
		return false;
	trace_set_stack(f->task, f->stack + FIBER_STACK);
	sp = (uint64_t *)(f->stack + FIBER_STACK - sizeof(struct kernel_regs));
	memset(sp, 0, sizeof(struct kernel_regs));
	*--sp = start ? start : sym("ret_from_fork");
	*--sp = 0;		  /* rbp */
	*--sp = (uint64_t)f->fn;  /* rbx */
	*--sp = (uint64_t)f->arg; /* r12 */
	for (int i = 0; i < 3; i++)
		*--sp = 0;
	*thread_sp(f) = (uint64_t)sp;
	return true;
}

static int spawn(int (*fn)(void *), void *arg, const char *name, bool user)
{
	struct fiber *f = free_fiber();

	if (!f)
		return -12;
	f->task = task_new(s.fibers[0].task, name, user);
	if (f->keep_stack)
		f->stack = NULL;
	f->keep_stack = false;
	f->preempt = PREEMPT_ENABLED;
	f->fn = fn;
	f->arg = arg;
	f->guard = NULL;
	f->owner = NULL;
	f->remote = false;
	f->blocked_forever = false;
	f->dead = !f->task || !give_stack(f);
	return f->dead ? -12 : task_pid(f->task);
}

int sched_spawn(int (*fn)(void *), void *arg, const char *name)
{
	return spawn(fn, arg, name, false);
}

int sched_spawn_user(int (*fn)(void *), void *arg, const char *name)
{
	return spawn(fn, arg, name, true);
}

KERNEL_ENTRY int kernel_new_thread(int (*fn)(void *), void *arg)
{
	return sched_spawn(fn, arg, "kthread");
}

static bool run_next(int me)
{
	for (int k = 1; k <= s.count; k++) {
		int i = (me + k) % s.count;

		if (!is_runnable(&s.fibers[i]))
			continue;
		if (i != me)
			switch_to(i);
		return true;
	}
	return false;
}

static bool any_runnable(void)
{
	for (int i = s.serving; i < s.count; i++)
		if (is_runnable(&s.fibers[i]))
			return true;
	return false;
}

/* The last one that began; none while a client has to do something first. */
static struct fiber *watched_fiber(void)
{
	struct fiber *last = NULL;
	uint64_t began = 0;

	if (s.serving && s.outside.is_awaited())
		return NULL;
	for (int i = 0; i < s.count; i++) {
		struct fiber *f = &s.fibers[i];

		if (f->dead || guard_watched(f->guard) <= began)
			continue;
		began = guard_watched(f->guard);
		last = f;
	}
	return last;
}

/* Nobody can run: deferred work first, then time goes on. */
static void idle(void)
{
	struct fiber *f;

	cpu_flags = CPU_FLAGS_ON;
	irq_work_run();
	kernel_do_softirq();
	rcu_run();
	if (any_runnable())
		return;
	f = watched_fiber();
	if (f && time_ticks() - s.idle_from > IDLE_TICKS_MAX) {
		f->blocked_forever = true;
		f->blocked_state = *state_of(f);
		*state_of(f) = TASK_RUNNING;
		return;
	}
	time_tick();
}

/*
 * What others can do now they do: between two commands of a user there is time
 * for it.
 */
void sched_settle(void)
{
	for (int turn = 0; turn < SETTLE_TURNS; turn++) {
		bool alone = true;

		for (int i = 0; i < s.count; i++)
			alone &= i == s.current || !is_runnable(&s.fibers[i]);
		if (alone)
			return;
		kernel_schedule();
	}
}

/* A turn of the idle thread is no sign that somebody gets on. */
void sched_restart_idle(void)
{
	if (s.current || !s.serving)
		s.idle_from = time_ticks();
	s.fibers[s.current].used = 0;
	s.fibers[s.current].blocked_forever = false;
}

/*
 * Before who is about to speak looks at the clock: what timers wake runs when
 * it would have, not when all of them are over.
 */
void sched_catch_up(void)
{
	for (int i = 0; i < CATCH_UP_MAX && time_lags(); i++) {
		time_tick();
		for (int n = 0; n < CATCH_UP_TURNS && any_runnable(); n++)
			run_next(0);
	}
}

/* Nobody but the idle thread can run. */
static void idle_serving(void)
{
	unsigned int steps = 0;

	/* who loads or unloads is not kept waiting for the clock */
	while (watched_fiber() && !any_runnable()) {
		idle();
		if (++steps % POLL_EVERY == 0)
			s.outside.poll(0);
	}
	if (any_runnable())
		return;
	if (!time_lags())
		s.outside.poll(IDLE_MS);
	while (time_lags() && !any_runnable())
		idle();
}

static long serve_turn(void *unused)
{
	if (any_runnable())
		s.outside.poll(0);
	else
		idle_serving();
	return 0;
}

/* An interrupt's handler that faults ends its turn, not the process. */
void sched_serve(const struct sched_outside *o)
{
	struct verdict v;

	s.outside = *o;
	s.serving = true;
	for (;;) {
		guard_request(serve_turn, NULL, &v);
		run_next(0);
	}
}

bool sched_is_serving(void)
{
	return s.serving;
}

struct guard *sched_guard(void)
{
	return s.fibers[s.current].guard;
}

void sched_set_guard(struct guard *g)
{
	s.fibers[s.current].guard = g;
}

void *sched_owner(void)
{
	return s.fibers[s.current].owner;
}

void sched_set_remote(bool remote)
{
	s.fibers[s.current].remote = remote;
	remote_switch(remote);
}

void sched_set_owner(void *owner)
{
	s.fibers[s.current].owner = owner;
}

unsigned int sched_threads(void)
{
	unsigned int n = 0;

	for (int i = 0; i < s.count; i++)
		n += !s.fibers[i].dead;
	return n;
}

/* A tick of processor time: true when the thread has had too many. */
bool sched_used_up(void)
{
	return ++s.fibers[s.current].used > USED_TICKS_MAX;
}

void sched_restart_clock(void)
{
	s.fibers[s.current].used = 0;
}

void *sched_task(void)
{
	return s.fibers[s.current].task;
}

void sched_sleep(void)
{
	struct fiber *f = &s.fibers[s.current];

	*state_of(f) = TASK_UNINTERRUPTIBLE;
	kernel_schedule();
	*state_of(f) = TASK_RUNNING;
}

void sched_want_switch(void)
{
	*info_flags(&s.fibers[s.current]) |= TIF_NEED_RESCHED;
}

/* sched_submit_work(): requests held back are sent before who sent them waits
 */
static void flush_plug(const struct fiber *f)
{
	void **plug = at(f->task, host.off.task_plug);

	if (host.off.task_plug != NO_OFFSET && *plug && !f->dead &&
	    *state_of(f) != TASK_RUNNING && s.flush_plug)
		s.flush_plug(*plug, true);
}

/* True: somebody else goes on with its caller's work, and it waits on. */
static bool is_told_of_deadlock(struct fiber *f)
{
	if (!f->blocked_forever || !f->guard)
		return false;
	f->blocked_forever = false;
	*state_of(f) = f->blocked_state;
	sched_describe();
	guard_abort("deadlock: every thread waits, for good");
	*state_of(f) = f->blocked_state;
	return true;
}

static void schedule_away(void)
{
	int me = s.current;
	struct fiber *f = &s.fibers[me];
	uint32_t flags = *(uint32_t *)at(f->task, host.off.task_flags);
	bool worker = !f->dead && (flags & PF_WQ_WORKER);

	*info_flags(f) &= ~TIF_NEED_RESCHED;
	if (task_has_signal(f->task))
		*state_of(f) = TASK_RUNNING;
	if (worker && *state_of(f) != TASK_RUNNING && s.worker_sleeping)
		s.worker_sleeping(f->task);
	flush_plug(f);
	cpu_flags = CPU_FLAGS_ON; /* as schedule() comes back */
	time_run_owed();
	irq_work_run();
	do {
		while (!run_next(me))
			idle();
	} while (is_told_of_deadlock(f));
	if (worker && s.worker_running)
		s.worker_running(f->task);
}

KERNEL_ENTRY void kernel_schedule(void)
{
	if (!s.fibers[s.current].dead)
		checks_schedule();
	schedule_away();
}

/* For a lock that spins in a kernel that is not for real time */
KERNEL_ENTRY void kernel_schedule_rtlock(void)
{
	schedule_away();
}

/*
 * As __schedule(SM_PREEMPT): who is about to wait, and has said so, does not
 * wait yet.
 */
static void give_way(void)
{
	struct fiber *f = &s.fibers[s.current];

	*info_flags(f) &= ~TIF_NEED_RESCHED;
	cpu_flags = CPU_FLAGS_ON;
	time_run_owed();
	irq_work_run();
	f->gives_way = true;
	run_next(s.current);
	f->gives_way = false;
}

/* A tick has asked for it (sched_want_switch), and nothing forbids it. */
KERNEL_ENTRY int kernel_cond_resched(void)
{
	checks_may_sleep("a function is called that may sleep");
	if (!(*info_flags(&s.fibers[s.current]) & TIF_NEED_RESCHED) ||
	    *host.percpu.preempt_count != PREEMPT_ENABLED)
		return 0;
	give_way();
	return 1;
}

/* From the middle of a mutex: preemption is off, once, and again after it. */
KERNEL_ENTRY void kernel_schedule_disabled(void)
{
	--*host.percpu.preempt_count;
	kernel_schedule();
	++*host.percpu.preempt_count;
}

void sched_keep_stack(void)
{
	s.fibers[s.current].keep_stack = true;
}

/* All but the first, which is who started the kernel. */
bool sched_may_die(void)
{
	return s.current != 0;
}

void sched_die(void)
{
	rcu_recover();
	task_forget(s.fibers[s.current].task);
	s.fibers[s.current].dead = true;
	kernel_schedule();
	host_stop("a dead thread ran on");
}

KERNEL_ENTRY void kernel_exit(long code)
{
	struct fiber *f = &s.fibers[s.current];
	uint64_t *waiter = at(f->task, host.off.task_vfork_done);
	void (*complete)(void *) = symp("complete");

	if (f->guard)
		guard_abort("the caller's thread was made to exit");
	*state_of(f) = TASK_DEAD;
	if (*waiter) {
		void *w = (void *)*waiter;

		*waiter = 0;
		complete(w);
	}
	sched_die();
}

/* After a jump out of what the fiber was doing, which may have held anything */
void sched_recover(void)
{
	struct fiber *f = &s.fibers[s.current];

	rcu_recover();
	f->used = 0;
	*host.percpu.preempt_count = PREEMPT_ENABLED;
	*state_of(f) = TASK_RUNNING;
}

void sched_each_other(void (*visit)(void *task, uint64_t sp))
{
	for (int i = 0; i < s.count; i++)
		if (!s.fibers[i].dead && i != s.current)
			visit(s.fibers[i].task, *thread_sp(&s.fibers[i]));
}

/* Who waits where; threads that only serve a queue are left out. */
void sched_describe(void)
{
	void (*show)(void *task) = symp("sched_show_task");

	for (int i = 0; show && i < s.count; i++) {
		const struct fiber *f = &s.fibers[i];
		uint32_t flags = *(uint32_t *)at(f->task, host.off.task_flags);

		if (!f->dead && !(flags & PF_WQ_WORKER))
			show(f->task);
	}
	trace_find(finding_new(FINDING_DEADLOCK, NULL,
			       "every thread waits, for good"),
		   NULL, NULL);
}
