// SPDX-License-Identifier: GPL-2.0-only
// The processor that the kernel sees: CPUID, and whether it takes interrupts.
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "host/kernel-calls.h"

#define SITES_MAX 512
#define INSN_MAX 15
#define INSN_MODE_64 1	/* enum insn_mode, arch/x86/include/asm/insn.h */
#define INSN_BYTES 1024 /* more than struct insn of any kernel */

struct leaf {
	uint32_t leaf, sub, answer[4];
};

static const struct leaf leaves[] = {
#define LEAF(leaf, sub, a, b, c, d) { leaf, sub, { a, b, c, d } },
#include "host/cpu/cpuid.def"
#undef LEAF
};

/* Instructions that were CPUID; ring 3 could not keep those from running. */
static struct {
	uint64_t site[SITES_MAX];
	size_t count;
} cpuid;

void cpu_cpuid(uint32_t leaf, uint32_t sub, uint32_t ret[4])
{
	memset(ret, 0, 4 * sizeof(*ret));
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		const struct leaf *l = &leaves[i];

		/* of these, only the levels of the processor are numbered */
		if (l->leaf == leaf && (l->sub == sub || leaf != 0xb))
			memcpy(ret, l->answer, sizeof(l->answer));
	}
}

/* native_cpuid(), which the paravirtual slot calls */
KERNEL_ENTRY void kernel_cpuid(uint32_t *a, uint32_t *b, uint32_t *c,
			       uint32_t *d)
{
	uint32_t answer[4];

	cpu_cpuid(*a, *c, answer);
	*a = answer[0];
	*b = answer[1];
	*c = answer[2];
	*d = answer[3];
}

bool cpu_was_cpuid(uint64_t ip)
{
	for (size_t i = 0; i < cpuid.count; i++)
		if (cpuid.site[i] == ip)
			return true;
	return false;
}

static int (*decode)(void *insn, const void *bytes, int size, int mode);

/* By the kernel's own decoder; 0: not known */
int cpu_insn_length(const void *ip)
{
	uint64_t insn[INSN_BYTES / 8];

	if (!decode || decode(insn, ip, INSN_MAX, INSN_MODE_64) < 0)
		return 0;
	return *(uint8_t *)at(insn, host.off.insn_length);
}

/* Whether an instruction starts at @to, read from one that starts at @from */
static bool is_boundary(const uint8_t *from, const uint8_t *to)
{
	while (from < to) {
		int len = cpu_insn_length(from);

		if (!len)
			return false;
		from += len;
	}
	return from == to;
}

/* CPUID (0f a2) becomes UD2 (0f 0b), which cpu_was_cpuid() tells from a BUG. */
static void trap_cpuid(uint8_t *start, uint8_t *p)
{
	const uint8_t second = 0x0b;

	if (cpuid.count == SITES_MAX || !is_boundary(start, p))
		return;
	cpuid.site[cpuid.count++] = (uint64_t)p;
	text_write(p + 1, &second, 1);
}

/* Other code has come to lie there. */
static void forget_sites(uint64_t begin, uint64_t end)
{
	size_t kept = 0;

	for (size_t i = 0; i < cpuid.count; i++)
		if (cpuid.site[i] < begin || cpuid.site[i] >= end)
			cpuid.site[kept++] = cpuid.site[i];
	cpuid.count = kept;
}

/* Each 0f a2 of some code; a module's is code from its start to its end */
static void trap_in(uint64_t begin, uint64_t end, bool is_module)
{
	uint8_t *p = (uint8_t *)begin, *last = (uint8_t *)end - 1;

	for (; p < last && (p = memchr(p, 0x0f, (size_t)(last - p))); p++) {
		uint64_t offset;

		if (p[1] != 0xa2)
			continue;
		if (is_module)
			trap_cpuid((uint8_t *)begin, p);
		else if (sym_name_at((uint64_t)p, &offset))
			trap_cpuid(p - offset, p);
	}
}

/* Its text is final but for alternatives, and none of those is CPUID. */
void cpu_trap_module(uint64_t begin, uint64_t end)
{
	if (!decode)
		return;
	forget_sites(begin, end);
	trap_in(begin, end, true);
}

/*
 * The interrupt flag.  There are no interrupts, but the kernel asks whether
 * they are off.  The three keep all registers but RAX, as pv_ops wants.
 */
uint64_t cpu_flags = CPU_FLAGS_OFF;
__asm__(".pushsection .text\n"
	".globl kernel_save_fl, kernel_irq_disable, kernel_irq_enable\n"
	"kernel_save_fl:\n"
	"mov cpu_flags,%rax; ret\n"
	"kernel_irq_disable:\n"
	"movq $2,cpu_flags; ret\n"
	"kernel_irq_enable:\n"
	"movq $0x202,cpu_flags; ret\n"
	".popsection\n");

static void set_slot(uint32_t offset, void (*fn)(void))
{
	char *ops = symp("pv_ops");

	if (ops && offset != NO_OFFSET)
		*(void **)at(ops, offset) = fn;
}

void cpu_init(void)
{
	set_slot(host.off.pv_save_fl, kernel_save_fl);
	set_slot(host.off.pv_irq_disable, kernel_irq_disable);
	set_slot(host.off.pv_irq_enable, kernel_irq_enable);
	decode = symp("insn_decode");
	if (!decode || host.off.insn_length == NO_OFFSET) {
		decode = NULL;
		return;
	}
	trap_in(IMAGE_BASE, host.text_end, false);
	trap_in(host.init_begin, host.init_end, false);
}

/* The local interrupt controller's page: registers are 16 bytes apart. */
static uint32_t apic[256] = { [3] = 0x00050014 /* version, as QEMU's */ };

KERNEL_ENTRY uint32_t kernel_apic_read(uint32_t reg)
{
	return apic[reg >> 4 & 255];
}

KERNEL_ENTRY void kernel_apic_write(uint32_t reg, uint32_t value)
{
	apic[reg >> 4 & 255] = value;
}

/* Bits of struct alt_instr, arch/x86/include/asm/alternative.h */
#define FEATURE_XENPV (8 * 32 + 16)
#define ALT_NOT_OLD 0x8000u /* until v6.2 in the number of the feature */
#define ALT_NOT 1u

static void keep_call(void *alternative)
{
	uint16_t *feature = at(alternative, host.off.alt_feature), *flags;

	if (host.off.alt_flags == NO_OFFSET) {
		if (*feature == (FEATURE_XENPV | ALT_NOT_OLD))
			*feature = FEATURE_XENPV;
		return;
	}
	flags = at(alternative, host.off.alt_flags);
	if (*feature == FEATURE_XENPV)
		*flags &= (uint16_t)~ALT_NOT;
}

/*
 * Where a kernel can be a Xen guest, it calls a function to turn interrupts
 * off, and replaces that by the instruction where it is not one.  The calls
 * are what can be answered here.
 */
KERNEL_ENTRY void kernel_apply_alternatives(char *start, char *end)
{
	void (*apply)(char *, char *) = replaced("apply_alternatives");

	if (host.off.alt_size != NO_OFFSET && host.off.alt_feature != NO_OFFSET)
		for (char *a = start; a < end; a += host.off.alt_size)
			keep_call(a);
	apply(start, end);
}
