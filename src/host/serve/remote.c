// SPDX-License-Identifier: GPL-2.0-only
// A program's memory where the program is another process: through its client.
#include <string.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"
#include "host/serve/serve.h"

/*
 * The functions by which the kernel reaches a program's memory are ours only
 * while a thread runs whose request says so: one that is in this process is
 * reached as ever, and its bad addresses are the exception tables' matter.
 */
#define JUMP_SIZE 5

static struct entry {
	const char *name;
	const void *function;
	uint8_t *place;
	uint8_t own[JUMP_SIZE];
} entries[] = {
#define REMOTE(name, function) { #name, function, NULL, { 0 } },
#include "host/serve/remote.def"
#undef REMOTE
};

static struct {
	bool known, on;
} r;

static void put_jump(const struct entry *e)
{
	int32_t distance = (int32_t)((uint64_t)e->function -
				     ((uint64_t)e->place + JUMP_SIZE));

	e->place[0] = 0xe9;
	memcpy(e->place + 1, &distance, sizeof(distance));
}

static void find_entries(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct entry *e = &entries[i];

		e->place = symp(e->name);
		if (!e->place)
			continue;
		memcpy(e->own, e->place, JUMP_SIZE);
		rights_leave_open(e->place, JUMP_SIZE);
	}
	r.known = true;
}

void remote_switch(bool on)
{
	if (on == r.on)
		return;
	if (!r.known)
		find_entries();
	r.on = on;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		const struct entry *e = &entries[i];

		if (e->place && on)
			put_jump(e);
		else if (e->place)
			memcpy(e->place, e->own, JUMP_SIZE);
	}
}

/* TASK_SIZE_MAX of 4-level page tables */
static bool is_users(uint64_t address, uint64_t n)
{
	return address < 0x7ffffffff000UL && n < 0x7ffffffff000UL - address;
}

static bool read_all(void *to, uint64_t from, uint64_t n)
{
	return is_users(from, n) && !upcall_user_read(from, to, n);
}

static bool write_all(uint64_t to, const void *from, uint64_t n)
{
	return is_users(to, n) && !upcall_user_write(to, from, n);
}

/* Each of the following gives how many bytes were not copied: all, or none. */
KERNEL_ENTRY uint64_t kernel_remote_copy_from(void *to, uint64_t from,
					      uint64_t n)
{
	if (read_all(to, from, n))
		return 0;
	memset(to, 0, n);
	return n;
}

KERNEL_ENTRY uint64_t kernel_remote_copy_to(uint64_t to, const void *from,
					    uint64_t n)
{
	return write_all(to, from, n) ? 0 : n;
}

static bool is_ours(uint64_t p)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	/* the image and modules, the arena, the stack of this thread */
	return (p >= LOW_BASE && p < LOW_BASE + LOW_SIZE) ||
	       (p >= RAM_BASE && p < PAGES_BASE) ||
	       (p + FIBER_STACK > here && p < here + FIBER_STACK);
}

/* Which of both is the program's is not said. */
KERNEL_ENTRY uint64_t kernel_remote_move(uint64_t to, uint64_t from, uint64_t n)
{
	n = (uint32_t)n;
	if (is_ours(to))
		return read_all((void *)to, from, n) ? 0 : n;
	return write_all(to, (const void *)from, n) ? 0 : n;
}

KERNEL_ENTRY uint64_t kernel_remote_clear(uint64_t to, uint64_t n)
{
	static const uint8_t zeros[4096];

	while (n) {
		uint64_t piece = MIN_OF(n, (uint64_t)sizeof(zeros));

		if (!write_all(to, zeros, piece))
			break;
		to += piece;
		n -= piece;
	}
	return n;
}

/* The length without NUL; @max: there is none within so many; -EFAULT */
KERNEL_ENTRY long kernel_remote_string(char *to, uint64_t from, long max)
{
	if (max <= 0)
		return 0;
	if (!is_users(from, 1))
		return -EFAULT;
	return upcall_user_string(from, to, (uint64_t)max);
}

/* With its NUL; more than @max: there is none; 0: a fault */
KERNEL_ENTRY long kernel_remote_length(uint64_t from, long max)
{
	long n;

	if (max <= 0 || !is_users(from, 1))
		return 0;
	n = upcall_user_string(from, NULL, (uint64_t)max);
	return n < 0 ? 0 : n + 1;
}

KERNEL_ENTRY int remote_get(uint64_t from, uint64_t size, uint64_t *ret)
{
	*ret = 0;
	return read_all(ret, from, size) ? 0 : -EFAULT;
}

KERNEL_ENTRY int remote_put(uint64_t to, uint64_t value, uint64_t size)
{
	return write_all(to, &value, size) ? 0 : -EFAULT;
}

#define SAVE "push %rsi; push %rdi; push %r8; push %r9; push %r10; push %r11\n"
#define RESTORE "pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi; pop %rsi\n"

/* Address in rax; then rax is 0 or -EFAULT and rdx the value; no other changes.
 */
#define GET(size)                                                    \
	__asm__(".pushsection .text\n"                               \
		".globl kernel_remote_get_" #size "\n"               \
		"kernel_remote_get_" #size ":\n"                     \
		"push %rcx\n" SAVE "push $0\n"                       \
		"mov %rax,%rdi; mov $" #size ",%esi\n"               \
		"mov %rsp,%rdx; call remote_get; pop %rdx\n" RESTORE \
		"pop %rcx; ret\n"                                    \
		".popsection\n")
/* Address in rcx, value in rax; then rcx is 0 or -EFAULT; no other changes. */
#define PUT(size)                                                              \
	__asm__(".pushsection .text\n"                                         \
		".globl kernel_remote_put_" #size "\n"                         \
		"kernel_remote_put_" #size ":\n"                               \
		"push %rax; push %rdx\n" SAVE "mov %rcx,%rdi; mov %rax,%rsi\n" \
		"mov $" #size ",%edx; call remote_put\n"                       \
		"mov %eax,%ecx\n" RESTORE "pop %rdx; pop %rax; ret\n"          \
		".popsection\n")
GET(1);
GET(2);
GET(4);
GET(8);
PUT(1);
PUT(2);
PUT(4);
PUT(8);

/* As rep movs and rep stos leave it: in rcx what is left. */
__asm__(".pushsection .text\n"
	".globl kernel_remote_rep_move\n"
	"kernel_remote_rep_move:\n"
	"push %rax; push %rdx\n" SAVE "mov %rcx,%rdx; call kernel_remote_move\n"
	"mov %rax,%rcx\n" RESTORE "pop %rdx; pop %rax; ret\n"
	".globl kernel_remote_rep_clear\n"
	"kernel_remote_rep_clear:\n"
	"push %rax; push %rdx\n" SAVE
	"mov %rcx,%rsi; call kernel_remote_clear\n"
	"mov %rax,%rcx\n" RESTORE "pop %rdx; pop %rax; ret\n"
	".popsection\n");
