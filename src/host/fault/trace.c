// SPDX-License-Identifier: GPL-2.0-only
// Stacks as the kernel's own unwinder reads them.
#include "host/fault/trace.h"

#include <string.h>

#include "host/fault/finding.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define FRAMES_MAX 256 /* of one stack; then the unwinder has gone wrong */
#define UNWIND_STATE_MAX 512 /* bytes; 112 in v6.12 */
#define LIBRARIES_BASE \
	0x7f0000000000UL /* mmap_base of x86-64, less its random */

extern const char __executable_start[], etext[];

uint64_t trace_stack_size(void)
{
	static uint64_t size;
	uint64_t end;

	if (!size) {
		end = sym("__end_init_task");
		if (!end)
			end = sym("__end_init_stack"); /* since v6.10 */
		size = end - sym("init_stack");
	}
	return size;
}

void trace_set_stack(void *task, const void *top)
{
	*(uint64_t *)at(task, host.off.task_stack) = (uint64_t)top -
						     trace_stack_size();
	/* else it is nobody's business while another runs */
	if (host.off.task_on_cpu != NO_OFFSET)
		*(int32_t *)at(task, host.off.task_on_cpu) = 0;
}

bool trace_is_host(uint64_t ip)
{
	return (ip >= (uint64_t)__executable_start && ip < (uint64_t)etext) ||
	       (ip >= LIBRARIES_BASE && ip >> 47 == 0);
}

static bool is_code(uint64_t ip)
{
	return is_kernel_text(ip) || is_module_area(ip);
}

uint64_t trace_place(void)
{
	const uint64_t *frame = __builtin_frame_address(0);

	for (int i = 0; i < 16 && trace_is_host(frame[1]); i++)
		frame = (const uint64_t *)frame[0];
	return frame[1];
}

/* Where the call before return address @ip goes to, if it says so itself */
static uint64_t called_from(uint64_t ip)
{
	const uint8_t *p = (const uint8_t *)ip - 5;

	return p[0] == 0xe8 ?
		       ip + (uint64_t)(int64_t) * (const int32_t *)(p + 1) :
		       0;
}

void trace_leave_host(struct kernel_regs *r)
{
	const uint64_t *sp = (const uint64_t *)r->sp;
	uint64_t target;

	if (!trace_is_host(r->ip) || is_code(r->ip))
		return;
	for (int i = 0; i < FRAMES_MAX * 4; i++, sp++) {
		if (!is_code(*sp))
			continue;
		target = called_from(*sp);
		/* host functions start with push %rbp */
		r->bp = sp[-1];
		r->ip = is_code(target) ? target : *sp;
		r->sp = (uint64_t)(is_code(target) ? sp : sp + 1);
		return;
	}
}

static uint64_t *member(void *state, uint32_t offset)
{
	return at(state, offset);
}

static bool is_done(void *state)
{
	/* STACK_TYPE_UNKNOWN, arch/x86/include/asm/stacktrace.h */
	return *(uint32_t *)member(state, host.off.unwind_type) == 0;
}

/*
 * One frame up.  The kernel takes a function of the host to have a plain
 * frame; one that has aligned its stack keeps where it was called below its
 * frame pointer (gcc's prologue for that).
 */
static void step(void *state)
{
	bool (*next)(void *) = symp("unwind_next_frame");
	bool is_host = trace_is_host(*member(state, host.off.unwind_ip));
	uint64_t bp = *member(state, host.off.unwind_bp), called, at_call;

	next(state);
	if (!is_host || is_done(state) ||
	    *member(state, host.off.unwind_sp) != bp + 16)
		return;
	called = ((const uint64_t *)bp)[-1];
	if (called <= bp + 16 || called > bp + 16 + 32)
		return;
	at_call = ((const uint64_t *)called)[-1];
	if (at_call == ((const uint64_t *)bp)[1])
		*member(state, host.off.unwind_sp) = called;
}

/*
 * The kernel's printing of stacks asks for the place of the next return
 * address.  Frames of the host, which lie between those of the kernel where
 * its functions are replaced, are passed over: they are not of its world.
 */
KERNEL_ENTRY uint64_t *kernel_return_address_place(void *state)
{
	for (int i = 0; i < FRAMES_MAX && !is_done(state); i++) {
		struct kernel_regs *regs = (void *)*member(
			state, host.off.unwind_regs);
		uint64_t *sp = (void *)*member(state, host.off.unwind_sp);
		uint64_t *place = regs ? &regs->ip : sp ? sp - 1 : NULL;

		if (!place || !trace_is_host(*place))
			return place;
		step(state);
	}
	return NULL;
}

void trace_find(struct finding *f, const struct kernel_regs *regs, void *task)
{
	void (*start)(void *, void *, const void *,
		      const void *) = symp("__unwind_start");
	uint64_t (*address)(void *) = symp("unwind_get_return_address");
	uint64_t state[UNWIND_STATE_MAX / 8] = { 0 };
	const void *first = __builtin_frame_address(0);

	if (!start || !address || !host.off.unwind_size ||
	    host.off.unwind_size > sizeof(state))
		return;
	if (regs)
		finding_frame(f, regs->ip, FRAME_RELIABLE | FRAME_EXACT);
	if (regs)
		first = (const void *)regs->sp;
	else if (task)
		first = (const void *)*(uint64_t *)at(task,
						      host.off.task_thread_sp);
	start(state, task ? task : (void *)*host.percpu.current_task, regs,
	      first);
	for (int i = 0; i < FRAMES_MAX && !is_done(state); i++) {
		uint64_t ip = address(state);

		if (ip)
			finding_frame(f, ip, FRAME_RELIABLE);
		step(state);
	}
}
