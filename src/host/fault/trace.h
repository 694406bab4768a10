// SPDX-License-Identifier: GPL-2.0-only
// Stacks as the kernel's own unwinder reads them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct finding;

/* arch/x86/include/asm/ptrace.h: an ABI, of kprobes and BPF at least */
struct kernel_regs {
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	uint64_t ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

/* Bytes of a kernel's stack (THREAD_SIZE), once the image is there */
uint64_t trace_stack_size(void);
/* The kernel's stack of @task ends (has its highest address) at @top. */
void trace_set_stack(void *task, const void *top);

/* Code of this program or of a library: none of the kernel's */
bool trace_is_host(uint64_t ip);
/* Where kernel code last called into the host, by the frames of here */
uint64_t trace_place(void);

/*
 * Registers of a fault in a function of the host: as if it had been at the
 * entry of the kernel's function that it stands for.
 */
void trace_leave_host(struct kernel_regs *r);

/*
 * Adds the frames of @task's stack: @regs of the one that runs (NULL: from
 * here up), or the sleeping @task (NULL: the one that runs).
 */
void trace_find(struct finding *f, const struct kernel_regs *regs, void *task);

/* trace-entry.c: a system call through the kernel's own do_syscall_64() */
long trace_syscall(void *function, const struct kernel_regs *regs);
