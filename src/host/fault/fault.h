// SPDX-License-Identifier: GPL-2.0-only
// A fault of kernel code: what the processor said of it.
#pragma once

#include <stdint.h>
#include <ucontext.h>

#include "host/fault/trace.h"

enum trap {
	TRAP_DIVIDE = 0,
	TRAP_BP = 3,
	TRAP_UD = 6,
	TRAP_DF = 8,
	TRAP_GP = 13,
	TRAP_PF = 14
};

/* Bits of a page fault's error code (arch/x86/include/asm/trap_pf.h) */
#define PF_PROT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_INSTR 16u

struct fault {
	struct kernel_regs regs;
	uint64_t address; /* of a page fault */
	uint32_t error;
	enum trap trap;
};

bool fault_is_reported(void); /* at this moment */

/* fault/oops.c: neither comes back */
void oops_report(struct fault *f) __attribute__((noreturn));
void lockup_report(struct fault *f, const char *what) __attribute__((noreturn));
void warning_find(const struct kernel_regs *r);
