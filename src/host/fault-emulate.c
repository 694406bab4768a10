// SPDX-License-Identifier: GPL-2.0-only
// Instructions of ring 0: no such port, no such interrupt, registers that say
// what a quiet machine's would.
#include "fault.h"
#include "host.h"

#define CR0 0x80050033UL /* protected, paged, write protect: as ever */
#define CR4 0x6f0UL

/* in, out, cli, sti, hlt: no such port, no such interrupt */
static int emulate_short(const uint8_t *p, greg_t *g)
{
	switch (p[0]) {
	case 0xe4:
	case 0xe5: /* in imm8 */ g[REG_RAX] = -1; return 2;
	case 0xec:
	case 0xed: /* in dx */ g[REG_RAX] = -1; return 1;
	case 0xe6:
	case 0xe7: /* out imm8 */ return 2;
	case 0x6c:
	case 0x6d:
	case 0x6e:
	case 0x6f: /* ins, outs */ g[REG_RCX] = 0; return 1;
	case 0xee:
	case 0xef: /* out dx */
	case 0xf4:
	case 0xfa:
	case 0xfb: return 1;
	default: return 0;
	}
}

/* An oops walks the page tables from CR3: they are empty. */
static uint64_t control_register(unsigned int number, uint64_t address)
{
	static void *tables;

	if (!tables)
		tables = memory_boot(4096, 4096);
	switch (number) {
	case 0: return CR0;
	case 2: return address;
	case 3: return (uint64_t)tables;
	case 4: return CR4;
	default: return 0;
	}
}

/* Two-byte opcodes: model specific and control registers, caches */
static int emulate_0f(const uint8_t *p, greg_t *g, bool high, uint64_t address)
{
	static const int by_number[] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
					 REG_RSP, REG_RBP, REG_RSI, REG_RDI,
					 REG_R8,  REG_R9,  REG_R10, REG_R11,
					 REG_R12, REG_R13, REG_R14, REG_R15 };
	int to = by_number[(p[2] & 7) + (high ? 8 : 0)];

	switch (p[1]) {
	case 0x32: /* rdmsr */ g[REG_RAX] = g[REG_RDX] = 0; return 2;
	case 0x30:
	case 0x09:
	case 0x08:
	case 0x06: /* wrmsr, wbinvd, clts */ return 2;
	case 0x20: /* mov from cr */
		g[to] = (greg_t)control_register(p[2] >> 3 & 7, address);
		return 3;
	case 0x21: /* mov from dr */ g[to] = 0; return 3;
	case 0x22:
	case 0x23:
	case 0x01: return 3;
	default: return 0;
	}
}

bool fault_emulate(greg_t *g, uint64_t address)
{
	const uint8_t *p = (const uint8_t *)g[REG_RIP];
	bool high = false;
	int prefix = 0, len;

	while (p[prefix] == 0x66 || p[prefix] == 0xf2 || p[prefix] == 0xf3 ||
	       (p[prefix] & 0xf0) == 0x40) {
		high = (p[prefix] & 0xf1) == 0x41; /* REX.B */
		prefix++;
	}
	p += prefix;
	len = p[0] == 0x0f ? emulate_0f(p, g, high, address) :
			     emulate_short(p, g);
	if (!len)
		return false;
	g[REG_RIP] += prefix + len;
	host.stats.emulated++;
	return true;
}
