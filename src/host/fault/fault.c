// SPDX-License-Identifier: GPL-2.0-only
// Faults of kernel code: WARN and BUG, exception tables, privileged
// instructions, and what is left: an oops.
#include "host/fault/fault.h"

#include <signal.h>
#include <string.h>

#include "host/debug/debug.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define NOTIFY_STOP 0x8001 /* include/linux/notifier.h */
#define OOPS_STACK 65536UL
#define USER_END (1UL << 47) /* TASK_SIZE_MAX, less a page */

static const int8_t reg_order[] = {
	REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11,
	REG_R10, REG_R9,  REG_R8,  REG_RAX, REG_RCX, REG_RDX, REG_RSI,
	REG_RDI, REG_RAX, REG_RIP, -1,	    REG_EFL, REG_RSP, -1,
};

static struct {
	struct fault fatal;
	bool inside; /* an oops in an oops says nothing more */
	bool timeout;
	char stack[OOPS_STACK] __attribute__((aligned(16)));
	char signal_stack[OOPS_STACK];
} f;

bool fault_is_reported(void)
{
	return f.inside;
}

void fault_left(void)
{
	f.inside = false;
	f.timeout = false;
}

static void regs_get(const greg_t *g, struct kernel_regs *r)
{
	uint64_t *out = (uint64_t *)r;

	for (size_t i = 0; i < ARRAY_SIZE(reg_order); i++)
		out[i] = reg_order[i] < 0 ? 0 : (uint64_t)g[reg_order[i]];
	r->orig_ax = UINT64_MAX; /* of an exception, not of a system call */
	r->cs = 0x10;		 /* kernel code; user_mode() looks at it */
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
	int (*notify)(int, const char *, struct kernel_regs *, long, int,
		      int) = symp("notify_die");
	int64_t event;

	if (handle)
		return handle(r);
	/* inlined: without kprobes it does no more than this */
	if (!notify ||
	    lkm_vmlinux_enumerator(host.image, "DIE_INT3", &event, NULL) <= 0)
		return false;
	return notify((int)event, "int3", r, 0, TRAP_BP, SIGTRAP) ==
	       NOTIFY_STOP;
}

/* The kernel's own report_bug(): 1: a warning, go on; 2: a BUG */
static int bug_at(uint64_t ip, struct kernel_regs *r)
{
	static const uint8_t ud2[] = { 0x0f, 0x0b };
	int (*report)(uint64_t, struct kernel_regs *) = symp("report_bug");

	if (memcmp(debug_code(ip), ud2, sizeof(ud2)) || !report)
		return 0;
	return report(ip, r);
}

static bool is_ours(uint64_t ip)
{
	return !is_kernel_text(ip) && !is_module_area(ip);
}

/*
 * Called with the address of the registers of the fault on top of the stack, by
 * which debuggers go on behind it as behind a signal.  DW_CFA_expression, whose
 * DWARF is: *%rsp + offset in struct kernel_regs.
 */
#define SAVED(reg, offset) \
	".cfi_escape 0x10, " #reg ", 5, 0x77, 0, 0x06, 0x23, " #offset "\n"
void fault_entry(void);
__asm__(".pushsection .text\n"
	".globl fault_entry\n"
	"fault_entry:\n"
	".cfi_startproc\n"
	".cfi_signal_frame\n"
	/* the CFA: what is in sp, 152 = 0x98 0x01; ip: 128 = 0x80 0x01 */
	".cfi_escape 0x0f, 7, 0x77, 0, 0x06, 0x23, 0x98, 0x01, 0x06\n"
	".cfi_escape 0x10, 16, 6, 0x77, 0, 0x06, 0x23, 0x80, 0x01\n" SAVED(0,
									   80)
		SAVED(1, 96) SAVED(2, 88) SAVED(3, 40) SAVED(4, 104)
			SAVED(5, 112) SAVED(6, 32) SAVED(8, 72) SAVED(9, 64)
				SAVED(10, 56) SAVED(11, 48) SAVED(12, 24)
					SAVED(13, 16) SAVED(14, 8) SAVED(15, 0)
	/* who goes up looks one byte before where a call returns to */
	"nop\n"
	"call fault_report\n"
	"ud2\n"
	".cfi_endproc\n"
	".popsection\n");
_Static_assert(offsetof(struct kernel_regs, sp) == 152 &&
		       offsetof(struct kernel_regs, ip) == 128 &&
		       offsetof(struct kernel_regs, di) == 112,
	       "as fault_entry has them");

/* Runs on a stack of its own: that of the fault may be what is broken. */
void fault_report(void);
__attribute__((used)) void fault_report(void)
{
	if (f.inside)
		host_stop("fault while a fault was being reported");
	f.inside = true;
	trace_leave_host(&f.fatal.regs);
	if (f.timeout)
		lockup_report(&f.fatal, "it does not end");
	oops_report(&f.fatal);
}

static void divert(ucontext_t *u)
{
	greg_t *g = u->uc_mcontext.gregs;

	uint64_t *top = (uint64_t *)(f.stack + OOPS_STACK - 64);

	*top = (uint64_t)&f.fatal.regs;
	g[REG_RSP] = (greg_t)top;
	g[REG_RIP] = (greg_t)fault_entry;
}

static void on_tick(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uint64_t ip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];

	if (!time_signal() || is_ours(ip) || f.inside || !guard_is_active())
		return;
	sched_restart_clock();
	regs_get(u->uc_mcontext.gregs, &f.fatal.regs);
	f.timeout = true;
	divert(u);
}

static bool repaired(ucontext_t *u, struct fault *now)
{
	int (*fixup)(struct kernel_regs *, int, uint64_t,
		     uint64_t) = symp("fixup_exception");
	greg_t *g = u->uc_mcontext.gregs;
	uint64_t ip = now->regs.ip;

	if (is_ours(ip))
		return false;
	if (now->trap == TRAP_UD && cpu_was_cpuid(ip)) {
		privileged_cpuid(g);
		return true;
	}
	if (now->trap == TRAP_UD) {
		if (bug_at(ip, &now->regs) != 1)
			return false;
		host.stats.warnings++;
		warning_find(&now->regs);
		g[REG_RIP] += 2;
		return true;
	}
	if (now->trap == TRAP_BP && known_int3(&now->regs)) {
		regs_put(&now->regs, g);
		return true;
	}
	if (now->trap == TRAP_GP && privileged_emulate(g))
		return true;
	if ((now->trap == TRAP_PF || now->trap == TRAP_GP) && fixup &&
	    fixup(&now->regs, now->trap, now->error, now->address)) {
		regs_put(&now->regs, g);
		return true;
	}
	return false;
}

/* All runs in ring 3: what the processor says of it must be put right. */
static void read_fault(const siginfo_t *info, const greg_t *g,
		       struct fault *ret)
{
	regs_get(g, &ret->regs);
	ret->address = (uint64_t)info->si_addr;
	ret->trap = (enum trap)g[REG_TRAPNO];
	ret->error = (uint32_t)g[REG_ERR];
	if (ret->trap != TRAP_PF)
		return;
	ret->error &= ~PF_USER;
	/* Linux says so of every address of its own */
	if (ret->address >= USER_END)
		ret->error &= ~PF_PROT;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	struct fault now;

	read_fault(info, u->uc_mcontext.gregs, &now);
	if (repaired(u, &now)) {
		debug_goes_on(now.regs.ip,
			      (uint64_t)u->uc_mcontext.gregs[REG_RIP]);
		return;
	}
	if (!f.inside)
		f.fatal = now;
	if (!f.inside && now.trap == TRAP_PF)
		privileged_page_fault(now.address);
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
