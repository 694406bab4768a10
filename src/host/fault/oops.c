// SPDX-License-Identifier: GPL-2.0-only
// The end of a thread that cannot go on: the kernel's own report of it.
#include <string.h>

#include "host/checks/checks.h"
#include "host/fault/fault.h"
#include "host/fault/finding.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define STACK_END_MAGIC 0x57ac6e9dUL /* include/uapi/linux/magic.h */
/* include/linux/preempt.h: depth only; what __nmi_enter() adds */
#define PREEMPT_MASK 0xffU
#define IN_NMI 0x110000U

struct stack_info { /* arch/x86/include/asm/stacktrace.h */
	uint32_t type;
	uint64_t begin, end, next;
};
#define STACK_TYPE_TASK 1

static char why[400];

static void *current_task(void)
{
	return (void *)*host.percpu.current_task;
}

static const char *headline(const struct fault *f, char *buf, size_t size)
{
	switch (f->trap) {
	case TRAP_PF:
		snprintf(buf, size,
			 f->address < 4096 ?
				 "BUG: kernel NULL pointer dereference, "
				 "address: %016lx" :
				 "BUG: unable to handle page fault for "
				 "address: %016lx",
			 f->address);
		return buf;
	case TRAP_GP: return "general protection fault";
	case TRAP_UD: return "invalid opcode: 0000";
	case TRAP_BP: return "int3: 0000";
	case TRAP_DF: return "BUG: kernel stack overflow";
	default: return "divide error: 0000";
	}
}

static bool is_in(uint64_t ip, const char *function)
{
	uint64_t offset;
	const char *name = sym_name_at(ip, &offset);

	return name && !strncmp(name, function, strlen(function));
}

/* What lib/list_debug.c has just said of a list; NULL: it is not that */
static const char *list_message(uint64_t ip)
{
	uint64_t next = log_next_seq();

	if (!is_in(ip, "__list_add_valid") && !is_in(ip, "__list_del_entry"))
		return NULL;
	for (uint64_t i = next; i && next - i < 8; i--) {
		const struct log_line *line = log_from(i - 1);

		if (line && !strncmp(line->text, "list_", 5))
			return line->text;
	}
	return "a list is corrupt";
}

/* Keeps why, with the place as the kernel would print it. */
static void note(const struct kernel_regs *r, const char *what)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");

	sn(why, sizeof(why), "%s at %pS", what, (void *)r->ip);
}

static uint64_t stack_of(void *task)
{
	return *(uint64_t *)at(task, host.off.task_stack);
}

/*
 * There is more room below, for the host's own functions.  Who used that up
 * too has no end: the stack is then the lowest part, beside its last page.
 * Returns its lowest address; 0: it did not overflow.
 */
static uint64_t overflowed(const struct fault *f)
{
	if (f->trap != TRAP_PF || f->address < 4096 ||
	    f->regs.sp >= stack_of(current_task()) ||
	    f->address + 4096 < f->regs.sp || f->address > f->regs.sp + 4096)
		return 0;
	return (f->address | 4095) + 1;
}

static void report_overflow(struct fault *f)
{
	void (*overflow)(struct kernel_regs *, uint64_t,
			 struct stack_info *) = symp("handle_stack_overflow");
	uint64_t low = stack_of(current_task());
	struct stack_info info = { STACK_TYPE_TASK, low,
				   low + trace_stack_size(), 0 };

	/* the processor's double fault, exc_double_fault() */
	*host.percpu.preempt_count += IN_NMI;
	if (overflow)
		overflow(&f->regs, f->address, &info);
}

/* What is not a part of the report, but would be complained about in it. */
static void mark_stack_end(const struct fault *f)
{
	uint64_t *end = (uint64_t *)stack_of(current_task());

	if (f->regs.sp > (uint64_t)end + 256 &&
	    f->regs.sp < (uint64_t)end + trace_stack_size())
		*end = STACK_END_MAGIC;
}

/*
 * A page fault turns interrupts off.  They stay so for a fetch, where the
 * address is one of the kernel's own, and in atomic context (mm/fault.c).
 */
static void leave_irqs_off(const struct fault *f)
{
	if (f->error & PF_INSTR || f->address >= LOW_BASE ||
	    *host.percpu.preempt_count & ~PREEMPT_ENABLED)
		cpu_flags = CPU_FLAGS_OFF;
}

static void report_fault(struct fault *f)
{
	void (*page)(struct kernel_regs *, uint64_t,
		     uint64_t) = symp("page_fault_oops");
	void (*protection)(struct kernel_regs *,
			   long) = symp("exc_general_protection");
	void (*die)(const char *, struct kernel_regs *, long) = symp("die");

	mark_stack_end(f);
	/* a break point may be anywhere: exc_int3(), arch/x86/kernel/traps.c */
	if (f->trap == TRAP_BP)
		*host.percpu.preempt_count += IN_NMI;
	if (f->trap == TRAP_PF)
		leave_irqs_off(f);
	/* by the page's entry in the tables, which are empty */
	if (f->trap == TRAP_PF && f->error & PF_INSTR && f->error & PF_PROT)
		kprint("\0012kernel tried to execute NX-protected page - exploit "
		       "attempt? (uid: 0)\n");
	if (f->trap == TRAP_PF && page)
		page(&f->regs, f->error, f->address);
	if (f->trap == TRAP_GP && protection)
		protection(&f->regs, f->error);
	die(f->trap == TRAP_UD	   ? "invalid opcode" :
	    f->trap == TRAP_BP	   ? "int3" :
	    f->trap == TRAP_DIVIDE ? "divide error" :
				     "Oops",
	    &f->regs, f->error);
}

/* What was done, by whom; in guard mode also to what memory */
static void find_fault(const struct fault *f, const char *list)
{
	const char *gone = gone_module_at(f->address);
	struct guard_story story;
	char what[160];

	if (f->trap == TRAP_PF && gone) {
		trace_find(finding_new(FINDING_STILL_REGISTERED, gone,
				       f->address == f->regs.ip ?
					       "called after it was unloaded" :
					       "used after it was unloaded"),
			   &f->regs, NULL);
		return;
	}
	if (f->trap != TRAP_PF || !guard_explain(f->address, &story)) {
		trace_find(finding_new(list ? FINDING_LIST_CORRUPTION :
					      FINDING_OOPS,
				       NULL, "%s",
				       list ? list :
					      headline(f, what, sizeof(what))),
			   &f->regs, NULL);
		return;
	}
	trace_find(finding_new(story.kind, NULL, "%s %s",
			       f->error & PF_WRITE ? "write to" : "read of",
			       story.text),
		   &f->regs, NULL);
	guard_log(&story);
}

/* The kernel's report ends in rewind_stack_and_make_dead(), and that here. */
void oops_report(struct fault *f)
{
	uint64_t low = overflowed(f);
	const char *list = list_message(f->regs.ip);
	char what[160];

	if (low) {
		f->trap = TRAP_DF;
		trace_set_stack(current_task(),
				(void *)(low + trace_stack_size()));
	}
	note(&f->regs, headline(f, what, sizeof(what)));
	find_fault(f, list);
	if (trace_is_host(f->regs.ip))
		host_stop("fault in the host itself, at %lx", f->regs.ip);
	if (low)
		report_overflow(f);
	report_fault(f);
	host_stop("%s", why);
}

/* As make_task_dead() says it (kernel/exit.c), before the thread ends */
KERNEL_ENTRY void kernel_oops_dead(int signal)
{
	uint32_t depth = *host.percpu.preempt_count & PREEMPT_MASK;
	void *task = current_task();
	const char *name = at(task, host.off.task_comm);
	int pid = *(int32_t *)at(task, host.off.task_pid);

	if (cpu_flags == CPU_FLAGS_OFF)
		kprint("\0016note: %s[%d] exited with irqs disabled\n", name,
		       pid);
	if (depth)
		kprint("\0016note: %s[%d] exited with preempt_count %u\n", name,
		       pid, depth);
	host_stop("%s", why);
}

const char *oops_why(void)
{
	return fault_is_reported() ? why : NULL;
}

void lockup_report(struct fault *f, const char *what)
{
	void (*modules)(void) = symp("print_modules");
	void (*regs)(struct kernel_regs *) = symp("show_regs");
	void *task = current_task();

	note(&f->regs, "watchdog: BUG: soft lockup");
	trace_find(finding_new(FINDING_DEADLOCK, NULL, "soft lockup: %s", what),
		   &f->regs, NULL);
	kprint("\0010watchdog: BUG: soft lockup - CPU#0 stuck for %us! "
	       "[%s:%d]\n",
	       LOCKUP_SECONDS, (char *)at(task, host.off.task_comm),
	       *(int32_t *)at(task, host.off.task_pid));
	if (modules)
		modules();
	if (regs)
		regs(&f->regs);
	host_stop("%s", why);
}

void warning_find(const struct kernel_regs *r)
{
	void *(*find)(uint64_t) = symp("find_bug");
	void (*line)(void *, const char **,
		     unsigned int *) = symp("bug_get_file_line");
	const char *file = NULL;
	unsigned int number = 0;
	void *bug = find ? find(r->ip) : NULL;

	if (bug && line)
		line(bug, &file, &number);
	if (is_in(r->ip, "do_one_initcall")) {
		checks_init_unbalanced();
		return;
	}
	if (list_message(r->ip))
		trace_find(finding_new(FINDING_LIST_CORRUPTION, NULL, "%s",
				       list_message(r->ip)),
			   r, NULL);
	else
		trace_find(finding_new(FINDING_WARNING, NULL,
				       "WARNING at %s:%u", file ? file : "?",
				       number),
			   r, NULL);
}
