// SPDX-License-Identifier: GPL-2.0-only
// System calls enter by the kernel's own do_syscall_64(), so that a trace ends
// as on a real machine: with the registers of a program.
#include <errno.h>
#include <string.h>

#include "host/checks/checks.h"
#include "host/fault/trace.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define PREFIX "__x64_sys_"
#define ENTRY_MAX 512	  /* bytes of code searched for its call */
#define SYSCALLS_MAX 1024 /* far more than there are */
#define USER_CS 0x33	  /* arch/x86/include/asm/segment.h: ABI */
#define USER_DS 0x2b

/*
 * A copy of @regs, where the task's stack then ends, and the call of
 * @function, which seems to come from @return_to in the kernel's entry code.
 * That continues at syscall_back: a jump is put there.
 */
long syscall_enter(void *function, const struct kernel_regs *regs, long number,
		   uint64_t return_to, uint64_t *task_stack,
		   uint64_t stack_size);
extern const char syscall_back[];
__asm__(".pushsection .text\n"
	".globl syscall_enter\n"
	"syscall_enter:\n"
	"push %rbp; mov %rsp,%rbp\n"
	"push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp,%rax; sub %r9,%rax; mov %rax,(%r8)\n"
	"mov %rdi,%rax; mov %rcx,%r8\n"
	"sub $168,%rsp\n"
	"mov %rsp,%rdi\n"
	"mov $21,%ecx\n"
	"cld; rep movsq\n"
	"mov %rsp,%rdi; mov %rdx,%rsi\n"
	"push %r8\n"
	"jmp *%rax\n"
	".globl syscall_back\n"
	"syscall_back:\n"
	"mov 80(%rsp),%rax\n" /* regs->ax */
	"add $168,%rsp\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
	"ret\n"
	".popsection\n");

static struct {
	void *dispatch;	    /* do_syscall_64() */
	uint64_t return_to; /* in entry_SYSCALL_64_after_hwframe */
	const uint64_t *table;
	bool searched;
} e;

static void find_entry(void)
{
	uint64_t from = sym("entry_SYSCALL_64_after_hwframe");
	uint64_t dispatch = sym("do_syscall_64");

	e.searched = true;
	e.table = symp("sys_call_table");
	if (!from || !dispatch || !e.table)
		return;
	for (const uint8_t *p = (const uint8_t *)from;
	     p < (const uint8_t *)from + ENTRY_MAX; p++) {
		int32_t distance;

		memcpy(&distance, p + 1, sizeof(distance));
		if (*p != 0xe8 ||
		    (uint64_t)p + 5 + (uint64_t)(int64_t)distance != dispatch)
			continue;
		e.return_to = (uint64_t)p + 5;
		e.dispatch = (void *)dispatch;
		replace_jump(e.return_to, syscall_back);
		return;
	}
}

static long number_of(const void *function)
{
	for (long i = 0; i < SYSCALLS_MAX; i++)
		if (e.table[i] == (uint64_t)function)
			return i;
	return -1;
}

static const char *name_of(const void *function)
{
	uint64_t offset;
	const char *name = sym_name_at((uint64_t)function, &offset);

	return name && strlen(name) > strlen(PREFIX) ? name + strlen(PREFIX) :
						       "a system call";
}

long trace_syscall(void *function, const struct kernel_regs *regs)
{
	struct kernel_regs r = *regs;
	long (*call)(const struct kernel_regs *) = function;
	bool unload = function == symp(PREFIX "delete_module");
	void *task = (void *)*host.percpu.current_task;
	uint64_t *stack = at(task, host.off.task_stack), outer = *stack;
	long number = -1, result;
	const char *leaves = unload ? (const char *)regs->di : NULL;
	struct checks_entry before;

	if (!e.searched)
		find_entry();
	if (e.dispatch)
		number = number_of(function);
	if (number < 0)
		return call(regs);
	r.cs = USER_CS;
	r.ss = USER_DS;
	r.flags = 0x246;
	r.orig_ax = (uint64_t)number;
	r.ax = (uint64_t)-ENOSYS;
	checks_enter(&before);
	if (leaves)
		checks_exit_begin(leaves);
	result = syscall_enter(e.dispatch, &r, number, e.return_to, stack,
			       trace_stack_size());
	*stack = outer;
	if (leaves)
		checks_exit_end(leaves);
	checks_leave(&before,
		     &(struct checks_of){ leaves, 0, name_of(function) });
	return result;
}

/* The end of ret_from_fork() of a thread that would become a program. */
KERNEL_ENTRY void kernel_exit_to_user(const struct kernel_regs *regs)
{
	if ((regs->cs & 3) != 3)
		kernel_exit(0);
}
