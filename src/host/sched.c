// SPDX-License-Identifier: GPL-2.0-only
// Threads of the kernel as fibers on one processor that never preempts.
#include <string.h>
#include <sys/mman.h>

#include "host.h"
#include "kernel-calls.h"

#define FIBERS_MAX 8192
#define STACK_SIZE 262144UL
#define IDLE_TICKS_MAX 20000 /* 80 s of the kernel's time without any work */

/* include/linux/sched.h; the first two are as old as the kernel */
#define TASK_RUNNING 0u
#define TASK_NORMAL 3u
#define TASK_DEAD 0x80u
#define PF_WQ_WORKER 0x20u
#define PF_FORKNOEXEC 0x40u
#define PF_KTHREAD 0x200000u
#define TIF_NEED_RESCHED 8u	    /* arch/x86/include/asm/thread_info.h */
#define PREEMPT_ENABLED 0x80000000u /* arch/x86: bit clear: reschedule */

struct fiber {
	uint64_t sp;
	char *task;
	uint32_t preempt;
	bool dead;
	int (*fn)(void *);
	void *arg;
	char *stack;
};

static struct {
	struct fiber fibers[FIBERS_MAX];
	int count, current;
	uint64_t idle_from;
	bool blocked_forever; /* the guarded fiber is told so when it runs */
	int last_pid;
	void (*worker_sleeping)(void *task);
	void (*worker_running)(void *task);
} s = { .count = 1, .last_pid = 2 };

/* Saves what a function must keep, then goes on with another stack. */
void fiber_switch(uint64_t *save, uint64_t to);
__asm__(".pushsection .text\n"
	".globl fiber_switch\n"
	"fiber_switch:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp,(%rdi)\n"
	"mov %rsi,%rsp\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"ret\n"
	".popsection\n");

static uint32_t *state_of(const struct fiber *f)
{
	return at(f->task, host.off.task_state);
}

static bool is_runnable(const struct fiber *f)
{
	return !f->dead && *state_of(f) == TASK_RUNNING;
}

void sched_init(void)
{
	s.fibers[0].task = symp("init_task");
	s.worker_sleeping = symp("wq_worker_sleeping");
	s.worker_running = symp("wq_worker_running");
	*(int32_t *)at(s.fibers[0].task, host.off.task_pid) = 1;
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
	*host.percpu.current_task = (uint64_t)s.fibers[next].task;
	*host.percpu.preempt_count = s.fibers[next].preempt;
	fiber_switch(&me->sp, s.fibers[next].sp);
}

static void first_step(void)
{
	struct fiber *f = &s.fibers[s.current];

	f->fn(f->arg);
	kernel_exit(0);
}

/* A copy of init_task, its lists and pointers to itself moved. */
static char *new_task(int pid, const char *name)
{
	const char *from = s.fibers[0].task;
	size_t size = host.off.task_size;
	char *t = memory_get(size);
	bool (*set_kthread)(void *task) = symp("set_kthread_struct");

	if (!t)
		return NULL;
	memcpy(t, from, size);
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t *p = (uint64_t *)(t + i);

		if (*p >= (uint64_t)from && *p < (uint64_t)from + size)
			*p += (uint64_t)t - (uint64_t)from;
	}
	*(uint64_t *)at(t, host.off.task_tasks) = (uint64_t)t +
						  host.off.task_tasks;
	*(uint64_t *)at(t, host.off.task_tasks + 8) = (uint64_t)t +
						      host.off.task_tasks;
	*(uint32_t *)at(t, host.off.task_state) = TASK_RUNNING;
	*(uint32_t *)at(t, host.off.task_flags) = PF_KTHREAD | PF_FORKNOEXEC;
	*(int32_t *)at(t, host.off.task_pid) = pid;
	*(int32_t *)at(t, host.off.task_tgid) = pid;
	*(uint64_t *)at(t, host.off.task_worker) = 0;
	*(uint64_t *)at(t, host.off.task_vfork_done) = 0;
	snprintf(at(t, host.off.task_comm), 16, "%s", name);
	if (set_kthread)
		set_kthread(t);
	return t;
}

static struct fiber *free_fiber(void)
{
	for (int i = 1; i < s.count; i++)
		if (s.fibers[i].dead && i != s.current)
			return &s.fibers[i];
	return s.count < FIBERS_MAX ? &s.fibers[s.count++] : NULL;
}

static bool give_stack(struct fiber *f)
{
	uint64_t *sp;

	if (!f->stack) {
		f->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
				0);
		if (f->stack == MAP_FAILED) {
			f->stack = NULL;
			return false;
		}
	}
	sp = (uint64_t *)(f->stack + STACK_SIZE);
	*--sp = 0;
	*--sp = (uint64_t)first_step;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	f->sp = (uint64_t)sp;
	return true;
}

int sched_spawn(int (*fn)(void *), void *arg, const char *name)
{
	struct fiber *f = free_fiber();

	if (!f || !give_stack(f))
		return -12;
	f->task = new_task(++s.last_pid, name);
	f->preempt = PREEMPT_ENABLED;
	f->fn = fn;
	f->arg = arg;
	f->dead = f->task == NULL;
	return f->dead ? -12 : s.last_pid;
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
	for (int i = 0; i < s.count; i++)
		if (is_runnable(&s.fibers[i]))
			return true;
	return false;
}

/* Nobody can run: deferred work first, then time goes on. */
static void idle(void)
{
	kernel_do_softirq();
	rcu_run();
	if (any_runnable())
		return;
	if (time_ticks() - s.idle_from > IDLE_TICKS_MAX && guard_is_active()) {
		s.blocked_forever = true;
		*state_of(&s.fibers[guard_fiber()]) = TASK_RUNNING;
		return;
	}
	time_tick();
}

void sched_run_pending(void)
{
	s.idle_from = time_ticks();
	s.blocked_forever = false;
}

static uint32_t *info_flags(const struct fiber *f)
{
	return at(f->task, host.off.task_info_flags);
}

void sched_want_switch(void)
{
	*info_flags(&s.fibers[s.current]) |= TIF_NEED_RESCHED;
}

KERNEL_ENTRY void kernel_schedule(void)
{
	int me = s.current;
	struct fiber *f = &s.fibers[me];
	uint32_t flags = *(uint32_t *)at(f->task, host.off.task_flags);
	bool worker = !f->dead && (flags & PF_WQ_WORKER);

	*info_flags(f) &= ~TIF_NEED_RESCHED;
	if (worker && *state_of(f) != TASK_RUNNING && s.worker_sleeping)
		s.worker_sleeping(f->task);
	while (!run_next(me))
		idle();
	if (s.blocked_forever && s.current == guard_fiber()) {
		s.blocked_forever = false;
		sched_describe();
		guard_abort("deadlock: every thread waits, for good");
	}
	if (worker && s.worker_running)
		s.worker_running(f->task);
}

KERNEL_ENTRY int kernel_wake_up_state(void *task, uint32_t state)
{
	uint32_t *now;

	if (!task)
		return 0;
	now = at(task, host.off.task_state);
	if (!(*now & state))
		return 0;
	*now = TASK_RUNNING;
	return 1;
}

KERNEL_ENTRY int kernel_wake_up(void *task)
{
	return kernel_wake_up_state(task, TASK_NORMAL);
}

KERNEL_ENTRY int kernel_wake_function(void *entry, uint32_t state)
{
	return kernel_wake_up_state(*(void **)at(entry, host.off.wait_private),
				    state);
}

void sched_die(void)
{
	s.fibers[s.current].dead = true;
	kernel_schedule();
	host_stop("a dead thread ran on");
}

KERNEL_ENTRY void kernel_exit(long code)
{
	struct fiber *f = &s.fibers[s.current];
	uint64_t *waiter = at(f->task, host.off.task_vfork_done);
	void (*complete)(void *) = symp("complete");

	if (s.current == guard_fiber() && guard_is_active())
		guard_abort("the caller's thread was made to exit");
	*state_of(f) = TASK_DEAD;
	if (*waiter) {
		void *w = (void *)*waiter;

		*waiter = 0;
		complete(w);
	}
	sched_die();
}

/* After a jump out of some fiber: go on as @back_to. */
void sched_abandon(int back_to)
{
	if (s.current != back_to)
		s.fibers[s.current].dead = true;
	s.current = back_to;
	*host.percpu.current_task = (uint64_t)s.fibers[back_to].task;
	*host.percpu.preempt_count = PREEMPT_ENABLED;
	*state_of(&s.fibers[back_to]) = TASK_RUNNING;
}

static void describe(const struct fiber *f, const uint64_t *sp)
{
	unsigned int shown = 0;

	kprint("\0013task %s (pid %d) state 0x%x:",
	       (char *)at(f->task, host.off.task_comm),
	       *(int32_t *)at(f->task, host.off.task_pid), *state_of(f));
	for (int i = 0; i < 160 && shown < 10; i++) {
		if (f->stack && (char *)(sp + i) >= f->stack + STACK_SIZE)
			break;
		if (!is_kernel_text(sp[i]) && !is_module_area(sp[i]))
			continue;
		kprint("\0013 ? %pS", (void *)sp[i]);
		shown++;
	}
}

/* Who waits where; threads that only serve a queue are left out. */
void sched_describe(void)
{
	for (int i = 0; i < s.count; i++) {
		const struct fiber *f = &s.fibers[i];
		uint32_t flags = *(uint32_t *)at(f->task, host.off.task_flags);
		const uint64_t *sp = i == s.current ?
					     __builtin_frame_address(0) :
					     (const uint64_t *)f->sp;

		if (!f->dead && !(flags & PF_WQ_WORKER))
			describe(f, sp);
	}
}
