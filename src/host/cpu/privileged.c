// SPDX-License-Identifier: GPL-2.0-only
// Instructions of ring 0, done for the kernel: ports, control and model
// specific registers, the interrupt flag, CPUID.
#include <string.h>
#include <ucontext.h>

#include "host/debug/debug.h"
#include "host/host.h"

/* What a processor that has booted has in them */
static uint64_t control[16] = { [0] = 0x80050033, [4] = CPU_CR4 };

struct msr {
	uint32_t number;
	uint64_t value;
};

/* Those that keep what is written; all others read as 0, as in QEMU. */
static struct msr msrs[] = {
	{ 0x0000001b, 0xfee00900 },	    /* APIC base: on, boot processor */
	{ 0x000001a0, 1 },		    /* IA32_MISC_ENABLE */
	{ 0x00000277, 0x0007040600070406 }, /* PAT */
	{ 0x000002ff, 0 },		    /* MTRR default type */
	{ 0xc0000080, 0xd01 },		    /* EFER: SCE, LME, LMA, NX */
	{ 0xc0000081, 0 },		    /* STAR */
	{ 0xc0000082, 0 },		    /* LSTAR */
	{ 0xc0000083, 0 },		    /* CSTAR */
	{ 0xc0000084, 0 },		    /* SFMASK */
	{ 0xc0000103, 0 },		    /* TSC_AUX */
};

static struct msr *find_msr(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].number == number)
			return &msrs[i];
	return NULL;
}

static void read_msr(greg_t *g)
{
	const struct msr *m = find_msr((uint32_t)g[REG_RCX]);
	uint64_t value = m ? m->value : 0;

	g[REG_RAX] = (greg_t)(value & UINT32_MAX);
	g[REG_RDX] = (greg_t)(value >> 32);
}

static void write_msr(const greg_t *g)
{
	struct msr *m = find_msr((uint32_t)g[REG_RCX]);

	if (m)
		m->value = (uint64_t)g[REG_RDX] << 32 | (uint32_t)g[REG_RAX];
}

/* An instruction without its prefixes */
struct op {
	const uint8_t *p;
	uint8_t *live; /* where *p is executed */
	uint8_t rex;
	bool narrow; /* 16-bit operands */
	greg_t *g;
};

/* in and out: %al, %ax or %eax */
static unsigned int port_width(const struct op *o)
{
	return !(o->p[0] & 1) ? 1 : o->narrow ? 2 : 4;
}

static void port_in(struct op *o, uint16_t port)
{
	unsigned int width = port_width(o);
	uint32_t value = ports_read(port, width);

	memcpy(&o->g[REG_RAX], &value, width);
	if (width == 4)
		o->g[REG_RAX] &= UINT32_MAX;
}

static void port_out(struct op *o, uint16_t port)
{
	ports_write(port, port_width(o), (uint32_t)o->g[REG_RAX]);
}

/* insb and its kin, once; with rep all of it */
static void port_string(struct op *o, bool in)
{
	unsigned int width = port_width(o);
	greg_t *g = o->g;

	while (g[REG_RCX] > 0) {
		uint32_t value;

		if (in) {
			value = ports_read((uint16_t)g[REG_RDX], width);
			memcpy((void *)g[REG_RDI], &value, width);
			g[REG_RDI] += width;
		} else {
			value = 0;
			memcpy(&value, (void *)g[REG_RSI], width);
			ports_write((uint16_t)g[REG_RDX], width, value);
			g[REG_RSI] += width;
		}
		g[REG_RCX]--;
	}
}

static int emulate_short(struct op *o)
{
	static const uint8_t nop = 0x90;

	switch (o->p[0]) {
	case 0xe4:
	case 0xe5: port_in(o, o->p[1]); return 2;
	case 0xe6:
	case 0xe7: port_out(o, o->p[1]); return 2;
	case 0xec:
	case 0xed: port_in(o, (uint16_t)o->g[REG_RDX]); return 1;
	case 0xee:
	case 0xef: port_out(o, (uint16_t)o->g[REG_RDX]); return 1;
	case 0x6c:
	case 0x6d: port_string(o, true); return 1;
	case 0x6e:
	case 0x6f: port_string(o, false); return 1;
	case 0xf4: /* hlt */ return 1;
	case 0xfa:
	case 0xfb: /* cli, sti: next time for nothing */
		if (*o->live == o->p[0])
			text_write(o->live, &nop, 1);
		return 1;
	default: return 0;
	}
}

static greg_t *general(struct op *o, unsigned int number)
{
	static const int by_number[] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
					 REG_RSP, REG_RBP, REG_RSI, REG_RDI,
					 REG_R8,  REG_R9,  REG_R10, REG_R11,
					 REG_R12, REG_R13, REG_R14, REG_R15 };

	return &o->g[by_number[number & 15]];
}

static void move_control(struct op *o)
{
	uint8_t modrm = o->p[2];
	greg_t *reg = general(o, (modrm & 7) | (o->rex & 1) << 3);
	uint64_t *c = &control[(modrm >> 3 & 7) | (o->rex & 4) << 1];

	if (o->p[1] & 2)
		*c = (uint64_t)*reg;
	else
		*reg = (greg_t)*c;
}

/* Two-byte opcodes; 0: another one, -1: as long as the kernel says */
static int emulate_0f(struct op *o)
{
	switch (o->p[1]) {
	case 0x30: write_msr(o->g); return 2;
	case 0x32: read_msr(o->g); return 2;
	case 0x33: /* rdpmc */ o->g[REG_RAX] = o->g[REG_RDX] = 0; return 2;
	case 0x06:
	case 0x08:
	case 0x09: /* clts, invd, wbinvd */ return 2;
	case 0x20:
	case 0x22: move_control(o); return 3;
	case 0x21: /* no break point is set */
		*general(o, (o->p[2] & 7) | (o->rex & 1) << 3) = 0;
		return 3;
	case 0x23: return 3;
	case 0x00: /* lldt, ltr, and so on */
	case 0x01: /* lgdt, lidt, invlpg, ... */
	case 0x38: /* invept, invvpid, invpcid */ return -1;
	default: return 0;
	}
}

/* What a page fault leaves in CR2; a report walks the tables, which are empty.
 */
void privileged_page_fault(uint64_t address)
{
	control[2] = address;
	if (!control[3])
		control[3] = (uint64_t)memory_boot(4096, 4096);
}

bool privileged_emulate(greg_t *g)
{
	const uint8_t *start = debug_code((uint64_t)g[REG_RIP]);
	struct op o = { .p = start, .g = g };
	int len;

	for (;; o.p++) {
		if (*o.p == 0x66)
			o.narrow = true;
		else if (*o.p != 0xf2 && *o.p != 0xf3 && *o.p != 0x2e &&
			 *o.p != 0x3e)
			break;
	}
	if ((*o.p & 0xf0) == 0x40)
		o.rex = *o.p++;
	o.live = (uint8_t *)g[REG_RIP] + (o.p - start);
	len = o.p[0] == 0x0f ? emulate_0f(&o) : emulate_short(&o);
	if (len < 0)
		len = cpu_insn_length(start) - (int)(o.p - start);
	if (len <= 0)
		return false;
	g[REG_RIP] = (greg_t)(o.live + len);
	host.stats.emulated++;
	return true;
}

void privileged_cpuid(greg_t *g)
{
	uint32_t answer[4];

	cpu_cpuid((uint32_t)g[REG_RAX], (uint32_t)g[REG_RCX], answer);
	g[REG_RAX] = answer[0];
	g[REG_RBX] = answer[1];
	g[REG_RCX] = answer[2];
	g[REG_RDX] = answer[3];
	g[REG_RIP] += 2;
	host.stats.emulated++;
}
