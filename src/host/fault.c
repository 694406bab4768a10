// SPDX-License-Identifier: GPL-2.0-only
// Faults of kernel code: WARN and BUG, exception tables, privileged
// instructions, and what is left: an oops.
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "finding.h"
#include "host.h"
#include "kernel-calls.h"

#define OOPS_STACK 65536UL

/* arch/x86/include/asm/ptrace.h: an ABI, of kprobes and BPF at least */
struct kernel_regs {
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	uint64_t ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

static const int8_t reg_order[] = {
	REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11,
	REG_R10, REG_R9,  REG_R8,  REG_RAX, REG_RCX, REG_RDX, REG_RSI,
	REG_RDI, REG_RAX, REG_RIP, -1,	    REG_EFL, REG_RSP, -1,
};

enum trap {
	TRAP_DIVIDE = 0,
	TRAP_BP = 3,
	TRAP_UD = 6,
	TRAP_GP = 13,
	TRAP_PF = 14
};

static struct {
	struct kernel_regs regs;
	uint64_t address;
	int signal;
	enum trap trap;
	bool inside; /* an oops in an oops says nothing more */
	bool timeout;
	char stack[OOPS_STACK] __attribute__((aligned(16)));
	char signal_stack[OOPS_STACK];
} f;

static void regs_get(const greg_t *g, struct kernel_regs *r)
{
	uint64_t *out = (uint64_t *)r;

	for (size_t i = 0; i < ARRAY_SIZE(reg_order); i++)
		out[i] = reg_order[i] < 0 ? 0 : (uint64_t)g[reg_order[i]];
	r->cs = 0x10; /* kernel code; user_mode() looks at the low bits */
	r->ss = 0x18;
}

static void regs_put(const struct kernel_regs *r, greg_t *g)
{
	const uint64_t *in = (const uint64_t *)r;

	for (size_t i = 0; i < ARRAY_SIZE(reg_order); i++)
		if (reg_order[i] >= 0 && i != 15)
			g[reg_order[i]] = (greg_t)in[i];
}

/* The kernel's own break points: kprobes, code that is being changed */
static bool known_int3(struct kernel_regs *r)
{
	bool (*handle)(struct kernel_regs *) = symp("do_int3");

	return handle && handle(r);
}

/* The kernel's own report_bug(): 1: a warning, go on; 2: a BUG */
static int bug_at(uint64_t ip, struct kernel_regs *r)
{
	int (*report)(uint64_t, struct kernel_regs *) = symp("report_bug");

	if (*(const uint16_t *)ip != 0x0b0f || !report)
		return 0;
	return report(ip, r);
}

static bool is_ours(uint64_t ip)
{
	return !is_kernel_text(ip) && !is_module_area(ip);
}

static const char *headline(char *buf, size_t size)
{
	if (f.timeout)
		return "watchdog: BUG: soft lockup";
	switch (f.trap) {
	case TRAP_PF:
		if (f.address < 4096)
			snprintf(buf, size,
				 "BUG: kernel NULL pointer dereference, "
				 "address: %016lx",
				 f.address);
		else
			snprintf(buf, size,
				 "BUG: unable to handle page fault for "
				 "address: %016lx",
				 f.address);
		return buf;
	case TRAP_GP: return "general protection fault";
	case TRAP_UD: return "invalid opcode: 0000";
	case TRAP_BP: return "int3: 0000";
	default: return "divide error: 0000";
	}
}

static void describe(const char *what)
{
	void (*modules)(void) = symp("print_modules");
	const uint64_t *sp = (const uint64_t *)f.regs.sp;
	unsigned int shown = 0;

	kprint("\0011%s", what);
	if (is_ours(f.regs.ip))
		kprint("\0011RIP: in the host, %016lx", f.regs.ip);
	else
		kprint("\0011RIP: 0010:%pS", (void *)f.regs.ip);
	kprint("\0011RAX: %016lx RBX: %016lx RCX: %016lx", f.regs.ax, f.regs.bx,
	       f.regs.cx);
	kprint("\0011RDX: %016lx RSI: %016lx RDI: %016lx", f.regs.dx, f.regs.si,
	       f.regs.di);
	kprint("\0011Call Trace:");
	for (int i = 0; i < 200 && shown < 16; i++) {
		if (((uint64_t)(sp + i) & 0xffff) == 0 && i)
			break;
		if (is_kernel_text(sp[i]) || is_module_area(sp[i])) {
			kprint("\0011 ? %pS", (void *)sp[i]);
			shown++;
		}
	}
	if (modules)
		modules();
}

/* Where, as the kernel would print it; "" when it cannot */
static void place(char *buf, size_t size)
{
	int (*sn)(char *, uint64_t, const char *, ...) = symp("snprintf");

	if (is_ours(f.regs.ip)) {
		const uint64_t *sp = (const uint64_t *)f.regs.sp;

		for (int i = 0; i < 60; i++)
			if (!is_ours(sp[i])) {
				sn(buf, size, "host code %lx below %pS",
				   f.regs.ip, (void *)sp[i]);
				return;
			}
	}
	sn(buf, size, "%pS", (void *)f.regs.ip);
}

static void find_oops(const char *what)
{
	struct finding *found = finding_new(
		f.timeout ? FINDING_DEADLOCK : FINDING_OOPS, NULL, "%s", what);
	const uint64_t *sp = (const uint64_t *)f.regs.sp;

	finding_frame(found, f.regs.ip, FRAME_RELIABLE | FRAME_EXACT);
	for (int i = 0; i < 200; i++) {
		if (((uint64_t)(sp + i) & 0xffff) == 0 && i)
			break;
		if (is_kernel_text(sp[i]) || is_module_area(sp[i]))
			finding_frame(found, sp[i], 0);
	}
}

/* Runs on a stack of its own: that of the fault may be what is broken. */
static void oops(void)
{
	char what[160], where[160], why[400];

	if (f.inside)
		host_stop("fault while a fault was being reported");
	f.inside = true;
	place(where, sizeof(where));
	snprintf(why, sizeof(why), "%s at %s", headline(what, sizeof(what)),
		 where);
	describe(headline(what, sizeof(what)));
	find_oops(headline(what, sizeof(what)));
	f.inside = false;
	f.timeout = false;
	host_stop("%s", why);
}

static void divert(ucontext_t *u)
{
	greg_t *g = u->uc_mcontext.gregs;

	/* as after a call: the return address lies at 16 n + 8 */
	g[REG_RSP] = (greg_t)(f.stack + OOPS_STACK - 72);
	g[REG_RIP] = (greg_t)oops;
}

static void on_tick(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uint64_t ip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];

	if (!time_signal() || is_ours(ip) || f.inside || !guard_is_active())
		return;
	sched_restart_clock();
	regs_get(u->uc_mcontext.gregs, &f.regs);
	f.timeout = true;
	divert(u);
}

static bool repaired(ucontext_t *u, siginfo_t *info)
{
	int (*fixup)(struct kernel_regs *, int, uint64_t,
		     uint64_t) = symp("fixup_exception");
	greg_t *g = u->uc_mcontext.gregs;
	uint64_t ip = f.regs.ip;

	if (is_ours(ip))
		return false;
	if (f.trap == TRAP_UD && cpu_was_cpuid(ip)) {
		privileged_cpuid(g);
		return true;
	}
	if (f.trap == TRAP_UD) {
		if (bug_at(ip, &f.regs) != 1)
			return false;
		host.stats.warnings++;
		g[REG_RIP] += 2;
		return true;
	}
	if (f.trap == TRAP_BP && known_int3(&f.regs)) {
		regs_put(&f.regs, g);
		return true;
	}
	if (f.trap == TRAP_GP && privileged_emulate(g))
		return true;
	if ((f.trap == TRAP_PF || f.trap == TRAP_GP) && fixup &&
	    fixup(&f.regs, f.trap, 0, f.address)) {
		regs_put(&f.regs, g);
		return true;
	}
	return false;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	if (f.inside) {
		divert(u);
		return;
	}
	regs_get(u->uc_mcontext.gregs, &f.regs);
	f.address = (uint64_t)info->si_addr;
	f.signal = signal;
	f.trap = signal == SIGILL	    ? TRAP_UD :
		 signal == SIGTRAP	    ? TRAP_BP :
		 signal == SIGFPE	    ? TRAP_DIVIDE :
		 info->si_code == SI_KERNEL ? TRAP_GP :
					      TRAP_PF;
	if (!repaired(u, info))
		divert(u);
}

int fault_init(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
				      SIGTRAP };
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK,
	};
	stack_t stack = { .ss_sp = f.signal_stack,
			  .ss_size = sizeof(f.signal_stack) };

	if (sigaltstack(&stack, NULL) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (sigaction(faults[i], &sa, NULL) < 0)
			return -1;
	sa.sa_sigaction = on_tick;
	sa.sa_flags |= SA_RESTART;
	return sigaction(SIGVTALRM, &sa, NULL);
}
