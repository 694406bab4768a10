// SPDX-License-Identifier: GPL-2.0-only
// The hosted kernel: what the parts of lkm-host know of each other.
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lkm/vmlinux.h>

#include "base/macro.h"

/*
 * A kernel runs once in a process, and it calls our functions without any
 * argument that could say which: there is one struct host.
 */

/* Where things are in this process.  The link script keeps the low part. */
#define LOW_BASE 0x30000000UL
#define LOW_SIZE 0x40000000UL
#define PERCPU_BASE LOW_BASE
#define PERCPU_SIZE (64UL << 20)
#define MOVED_BASE (PERCPU_BASE + PERCPU_SIZE) /* instructions: replace.c */
#define IMAGE_BASE 0x41000000UL
#define IMAGE_LIMIT 0x0a000000UL
#define MODULES_BASE 0x4b000000UL
#define MODULES_SIZE (LOW_BASE + LOW_SIZE - MODULES_BASE)
#define RAM_BASE 0x100000000UL
#define RAM_SIZE (2UL << 30)
#define PAGES_BASE 0x200000000UL
#define START_KERNEL_MAP 0xffffffff80000000UL /* arch/x86: since ever */

/* Functions that the kernel calls keep only its 8-byte stack alignment. */
#define KERNEL_ENTRY __attribute__((used, noinline))

struct offsets {
#define OFFSET(field, path) uint32_t field;
#define OFFSET_MAY(field, path) uint32_t field;
#define SIZE(field, type) uint32_t field;
#define SIZE_MAY(field, type) uint32_t field;
#include "host/start/offsets.def"
#undef OFFSET
#undef OFFSET_MAY
#undef SIZE
#undef SIZE_MAY
};
#define NO_OFFSET UINT32_MAX

/* Percpu variables, as addresses in this process. */
struct percpu {
	uint64_t *current_task;
	uint32_t *preempt_count;
	uint32_t *cpu_number;
	uint16_t *softirq_pending;
};

struct host_stats {
	unsigned int replaced;
	unsigned int initcalls;
	unsigned int initcalls_ok;
	unsigned int initcalls_skipped;
	uint64_t emulated;
	uint64_t warnings;
	double boot_seconds;
};

struct host {
	struct lkm_vmlinux *image;
	uint64_t link_base; /* lowest link address of the image */
	uint64_t link_end;
	int64_t distance; /* added to link addresses */
	uint64_t percpu_load, percpu_size;
	uint64_t text_end;
	uint64_t init_begin, init_end;
	struct offsets off;
	struct percpu percpu;
	int version; /* major * 1000 + minor */
	struct host_stats stats;
	bool verbose;
	bool booted;
};

extern struct host host;

/* sandbox.c */
struct lkm_error;
/* First of all: no descriptor that was left open goes along. */
void sandbox_close_others(const int *keep, size_t count);
/* Before the first instruction of the kernel */
int sandbox_enter(struct lkm_error **reterr);

/* map.c */
int map_read(struct lkm_error **reterr);
int map_image(struct lkm_error **reterr);

/* symbols.c: addresses in this process; 0 where the kernel has no such */
uint64_t sym(const char *name);
const char *sym_name_at(uint64_t address, uint64_t *ret_offset);
bool is_kernel_text(uint64_t address);
bool is_module_area(uint64_t address);
void symbols_for_variants(void (*visit)(const char *base, uint64_t address));
static inline void *symp(const char *name)
{
	return (void *)sym(name);
}

/* offsets.c */
int offsets_read(struct lkm_error **reterr);
static inline void *at(void *base, uint32_t offset)
{
	return (char *)base + offset;
}

/* cpu.c */
#define CPU_FLAGS_OFF 0x002UL
#define CPU_FLAGS_ON 0x202UL /* X86_EFLAGS_IF */
#define CPU_CR4 0x6f0UL
extern uint64_t cpu_flags;
void cpu_init(void);
void cpu_trap_module(uint64_t begin, uint64_t end); /* its code */
void cpu_cpuid(uint32_t leaf, uint32_t sub, uint32_t ret[4]);
bool cpu_was_cpuid(uint64_t ip);
int cpu_insn_length(const void *ip);

/* privileged.c */
bool privileged_emulate(long long *registers);
void privileged_page_fault(uint64_t address);
void privileged_cpuid(long long *registers);

/* ports.c */
uint32_t ports_read(uint16_t port, unsigned int width);
void ports_write(uint16_t port, unsigned int width, uint32_t value);

/* replace.c */
struct missing {
	const char *names[32];
	size_t count;
};
void replace_check(struct missing *ret_missing);
void replace_all(void);
/* what a function did that the host has wrapped: table.def */
void *replaced(const char *name);
void replace_jump(uint64_t address, const void *function);

/* The kernel's memory; memory.h has more of it. */
int memory_init(void);
void *memory_get(uint64_t size);
void memory_put(void *p);
uint64_t memory_size_of(const void *p);
void *memory_boot(uint64_t size, uint64_t align);
uint64_t memory_live(void);
void *pages_of(void *ram);
int memory_fork(void); /* as fork(2); each copy has its own memory then */
void percpu_start(uint64_t used);
/*
 * memory/guard.c: from now on what modules allocate is guarded, see there.
 * guard_explain(): what the address of a fault is; false: no such memory.
 */
struct guard_story {
	uint32_t kind; /* enum finding_kind */
	char text[360];
	uint32_t allocated, freed; /* sites, memory.h; 0: not freed */
};
int guard_memory_start(void);
bool guard_memory_is_on(void);
bool guard_explain(uint64_t address, struct guard_story *ret);
/* Into the kernel's log: the calls that allocated it, and that freed it */
void guard_log(const struct guard_story *story);
/*
 * failalloc.c: the @n-th allocation that the init of the next module makes, or
 * others make for it, fails; 0: none.  UINT64_MAX: they are counted only.
 */
void fail_alloc_set(uint64_t n);
uint64_t fail_alloc_count(void); /* of that init, so far */
/* In a copy of the kernel each, for allocation @only, or (0) for each of them
 */
struct fail_trial {
	const char *name;
	void (*attempt)(void *ctx, char *ret_word, size_t size);
	void *ctx;
	bool brief; /* only what it all came to */
};
int fail_alloc_each(const struct fail_trial *t, uint64_t only);
/*
 * After a module has gone, or failed to come: waits for work that was put off,
 * then adds a finding for what it did not free.  By a thread of the kernel.
 */
void leaks_report(void);

/* sched.c */
/* A preempt_count of none; arch/x86: the bit is clear: reschedule */
#define PREEMPT_ENABLED 0x80000000u
void sched_init(void);
void sched_restart_idle(void);
void sched_want_switch(void);
void sched_settle(void);
int sched_spawn(int (*fn)(void *), void *arg, const char *name);
int sched_spawn_user(int (*fn)(void *), void *arg, const char *name);
#define FIBER_STACK 262144UL /* of each thread of the kernel */
void *sched_task_of_fiber(int i);
void *sched_task(void);		  /* of the thread that runs */
void sched_sleep(void);		  /* until somebody wakes it, or nobody did */
void sched_kill(void *task);	  /* a thread's waits end, as by a signal */
void sched_interrupt(void *task); /* one that does not kill */
void sched_clear_interrupt(void *task);
int sched_current(void);
void sched_die(void) __attribute__((noreturn));
void sched_recover(void);
bool sched_may_die(void);
void sched_keep_stack(void); /* nobody gets it after this thread */
void sched_describe(void);
/* Of each thread but the one that runs; where its stack is */
void sched_each_other(void (*visit)(void *task, uint64_t sp));
bool sched_used_up(void);
void sched_restart_clock(void);
#define LOCKUP_SECONDS 4 /* of processor time; no init needs as much */
struct guard;
struct guard *sched_guard(void);
void sched_set_guard(struct guard *g);
void *sched_owner(void); /* of the thread that runs; NULL: the kernel's own */
void sched_set_owner(void *owner);
void sched_set_remote(bool remote); /* see remote.c */
/* As the idle thread from now on; @poll may wait up to so many ms. */
struct sched_outside {
	void (*poll)(int timeout_ms);
	bool (*is_awaited)(void); /* somebody outside has to do something */
};
void sched_serve(const struct sched_outside *o) __attribute__((noreturn));
bool sched_is_serving(void);
void sched_catch_up(void);
unsigned int sched_threads(void);

/* task.c */
void *task_new(const void *init_task, const char *name, bool user);
void task_identify(void *task); /* gives it the next pid */
void task_forget(void *task);
int task_pid(const void *task);

/* remote.c: the program's memory is another process's, from now on */
void remote_switch(bool on);

/* time.c */
void time_start(void);
void time_tick(void);
void time_run_owed(void);
void time_in_child(void);
uint64_t time_ticks(void);
uint64_t time_ns(void); /* of the kernel's time, since time_start() */
bool time_lags(void);	/* the kernel's time is behind the real one */

/* text.c */
/* Where the kernel itself may not */
void text_write(void *to, const void *from, uint64_t n);
void irq_work_run(void);

/* rcu.c */
void rcu_run(void);
void rcu_recover(void);

/* console.c */
void console_put(int level, const char *text, size_t len);
void console_clear(void);
void console_print(void); /* to stdout, each line behind two spaces */
void kprint(const char *format, ...) _printf_(1, 2);

/* fault.c */
int fault_init(void);
void fault_left(void);
/* fault/oops.c: of what is being reported; NULL: of nothing */
const char *oops_why(void);
void host_stop(const char *format, ...) _printf_(1, 2)
	__attribute__((noreturn));

/*
 * guard.c: calls into the kernel that may not come back.  A guard_call() is
 * watched: it is a deadlock when every thread waits; a guard_request() may wait
 * as long as it likes.
 */
struct verdict {
	bool aborted;
	long value;
	char why[512];
};
long guard_call(long (*fn)(void *), void *arg, struct verdict *ret);
long guard_request(long (*fn)(void *), void *arg, struct verdict *ret);
bool guard_is_active(void);
/* 0: no; else a number that grows from call to call */
uint64_t guard_watched(const struct guard *g);
/*
 * Does not come back when the call does not, but @fn is called, in what was its
 * thread.  One that waits for good may come back later all the same.
 */
struct guard_escape {
	void (*fn)(void *arg);
	void *arg;
};
long guard_escaping(long (*fn)(void *), void *arg, bool watched,
		    const struct guard_escape *escape);
void guard_abort(const char *why);

/* boot.c */
struct initcall_failure {
	const char *name;
	char why[200];
};
struct boot_report {
	struct missing missing;
	struct initcall_failure failed[64];
	size_t failed_count;
};
int boot(const char *path, struct boot_report *ret, struct lkm_error **reterr);

/* load.c */
int load_file(const char *path, const char *params, struct verdict *ret);
int unload_module(const char *name, struct verdict *ret);
int load_aliases(const char *path);
long kernel_syscall(const char *name, const uint64_t args[4]);
/* What the kernel does before a program goes on: closed files are put away. */
void kernel_return_to_user(void);

/* files.c */
void files_mount(void);

/* log.c: what the kernel printed, for who asks later */
struct log_line {
	uint64_t seq, ns;
	int level;
	char *text;
};
void log_add(int level, const char *bytes, size_t len, bool goes_on);
const struct log_line *log_from(uint64_t seq); /* or the next; NULL: none */
uint64_t log_next_seq(void);
const char *errno_word(long value, char *buf, size_t size);
