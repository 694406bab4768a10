// SPDX-License-Identifier: GPL-2.0-only
// What may be done with pages of code and data: read, write, run.
#include <string.h>
#include <sys/mman.h>

#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/memory/memory.h"

#define PAGE 4096UL

/* PROT_*, of each page that modules can have */
static uint8_t rights[MODULES_SIZE / PAGE];

/* As PAGE_KERNEL: code cannot run before set_memory_x() or _rox(). */
int rights_new(void *start, uint64_t size)
{
	memset(&rights[((uint64_t)start - MODULES_BASE) / PAGE],
	       PROT_READ | PROT_WRITE, size / PAGE);
	return PROT_READ | PROT_WRITE;
}

/* The kernel's own pages, as mark_rodata_ro() leaves them */
static struct {
	const char *from, *to;
	int prot;
	uint64_t start, end; /* whole pages, 0: not yet */
} kernel[] = {
	{ "_text", "_etext", PROT_READ | PROT_EXEC, 0, 0 },
	{ "__start_rodata", "__end_rodata", PROT_READ, 0, 0 },
};

void rights_kernel(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++) {
		uint64_t start = (sym(kernel[i].from) + PAGE - 1) & -PAGE;
		uint64_t end = sym(kernel[i].to) & -PAGE;

		if (start < end &&
		    !mprotect((void *)start, end - start, kernel[i].prot)) {
			kernel[i].start = start;
			kernel[i].end = end;
		}
	}
}

/* Pages of the kernel's code that change with each request */
static uint64_t open_pages[64];
static size_t open_count;

static int rights_of(uint64_t page)
{
	for (size_t i = 0; i < open_count; i++)
		if (page == open_pages[i])
			return PROT_WRITE;
	if (is_module_area(page))
		return rights[(page - MODULES_BASE) / PAGE];
	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
		if (page >= kernel[i].start && page < kernel[i].end)
			return kernel[i].prot;
	return PROT_WRITE;
}

/* Of modules: nobody changes the kernel's own later. */
static int change(uint64_t address, int pages, int clear, int set)
{
	uint8_t *p;
	int n = 0;

	if (!is_module_area(address) || pages <= 0 ||
	    (uint64_t)pages > (MODULES_BASE + MODULES_SIZE - address) / PAGE)
		return 0;
	p = &rights[(address - MODULES_BASE) / PAGE];
	for (int i = 0; i < pages; i += n) {
		uint8_t old = p[i], now = (uint8_t)((old & ~clear) | set);

		for (n = 0; i + n < pages && p[i + n] == old; n++)
			p[i + n] = now;
		if (old != now &&
		    mprotect((void *)(address + (uint64_t)i * PAGE),
			     (uint64_t)n * PAGE, now) < 0)
			return -errno;
	}
	return 0;
}

KERNEL_ENTRY int kernel_set_memory_ro(uint64_t address, int pages)
{
	return change(address, pages, PROT_WRITE, 0);
}

KERNEL_ENTRY int kernel_set_memory_rw(uint64_t address, int pages)
{
	return change(address, pages, 0, PROT_WRITE);
}

KERNEL_ENTRY int kernel_set_memory_nx(uint64_t address, int pages)
{
	return change(address, pages, PROT_EXEC, 0);
}

KERNEL_ENTRY int kernel_set_memory_x(uint64_t address, int pages)
{
	if (is_module_area(address))
		cpu_trap_module(address, address + (uint64_t)pages * PAGE);
	return change(address, pages, 0, PROT_EXEC);
}

KERNEL_ENTRY int kernel_set_memory_rox(uint64_t address, int pages)
{
	int r = kernel_set_memory_x(address, pages);

	return r < 0 ? r : kernel_set_memory_ro(address, pages);
}

/* The kernel itself writes to code by a mapping of its own. */
void rights_suspend(void *start, uint64_t n, bool suspend)
{
	uint64_t page = (uint64_t)start & -PAGE;

	for (; page < (uint64_t)start + n; page += PAGE) {
		int now = rights_of(page);

		if (!(now & PROT_WRITE))
			(void)mprotect((void *)page, PAGE,
				       now | (suspend ? PROT_WRITE : 0));
	}
}

void rights_leave_open(void *start, uint64_t n)
{
	uint64_t page = (uint64_t)start & -PAGE;

	for (; page < (uint64_t)start + n; page += PAGE) {
		if (rights_of(page) & PROT_WRITE ||
		    open_count == ARRAY_SIZE(open_pages))
			continue;
		rights_suspend((void *)page, 1, true);
		open_pages[open_count++] = page;
	}
}
