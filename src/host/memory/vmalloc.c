// SPDX-License-Identifier: GPL-2.0-only
// The kernel's vmalloc, its I/O mappings and the room for modules' code.
#include <string.h>
#include <sys/mman.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

static uint64_t whole_pages(uint64_t size)
{
	return (size + 4095) & ~4095UL;
}

/* One block of the arena: what is virtually contiguous is so physically. */
static void *map_pages(uint64_t size, enum memory_kind kind,
		       struct caller caller)
{
	void *p;

	if (!size)
		return NULL;
	p = memory_take(&(struct request){
		.size = size, .align = 4096, .kind = kind, .caller = caller });
	if (p)
		pages_init(p, whole_pages(size) >> 12);
	return p;
}

KERNEL_ENTRY void *kernel_vmalloc(uint64_t size)
{
	return map_pages(size, MEMORY_VMALLOC, CALLER());
}

KERNEL_ENTRY void kernel_vfree(void *p)
{
	memory_give(p, MEMORY_VMALLOC, CALLER());
}

/*
 * Modules: near the kernel, as its jumps want.  What was freed can be neither
 * run nor read any more.
 */
static struct space modules = { .begin = MODULES_BASE,
				.end = MODULES_BASE + MODULES_SIZE };

static bool keep_places;

static void *module_get(uint64_t size)
{
	struct piece *p = space_get(&modules, whole_pages(size), 4096);
	void *at_;

	if (!p)
		return NULL;
	at_ = mmap((void *)p->start, p->size,
		   rights_new((void *)p->start, p->size),
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (at_ != (void *)p->start) {
		space_put(&modules, p);
		return NULL;
	}
	return at_;
}

static void module_put(void *start)
{
	struct piece *p = space_find(&modules, (uint64_t)start);

	if (!p || p->start != (uint64_t)start)
		return;
	(void)mmap(start, p->size, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		   0);
	if (keep_places)
		modules.begin = MAX_OF(modules.begin, p->start + p->size);
	space_put(&modules, p);
}

/*
 * While a debugger is attached, what was freed (a module's init is, too) is
 * nobody else's: it may have break points there, and would write them.
 */
void modules_keep_places(bool keep)
{
	keep_places = keep;
	modules.begin = MODULES_BASE;
}

bool modules_are_loaded(void)
{
	return modules.count != 0;
}

/* Counts up with each piece of memory for modules. */
uint32_t modules_sequence(void)
{
	return modules.sequence;
}

/* Of a module's code, when its memory was asked for; 0: of none */
uint32_t modules_sequence_at(uint64_t address)
{
	const struct piece *p = space_find(&modules, address);

	return p ? p->sequence : 0;
}

void modules_each(range_visit *visit)
{
	for (size_t i = 0; i < modules.count; i++)
		visit(modules.pieces[i].start,
		      modules.pieces[i].start + modules.pieces[i].size);
}

KERNEL_ENTRY void *kernel_module_alloc(uint64_t size)
{
	return module_get(size);
}

KERNEL_ENTRY void *kernel_execmem_alloc(int type, uint64_t size)
{
	return module_get(size);
}

KERNEL_ENTRY void kernel_module_free(void *p)
{
	module_put(p);
}

/* Ranges in the kernel's top 2 GiB are asked for code only. */
KERNEL_ENTRY void *kernel_vmalloc_range(uint64_t size, uint64_t align,
					uint64_t start, uint64_t end)
{
	if (start >= 0xffffffff00000000UL)
		return module_get(size);
	return map_pages(size, MEMORY_VMALLOC, CALLER());
}

/* No device is there: what its memory would be reads as 0. */
KERNEL_ENTRY void *kernel_ioremap(uint64_t physical, uint64_t size)
{
	char *p = map_pages(size, MEMORY_IO, CALLER());

	return p ? p + (physical & 4095) : NULL;
}

KERNEL_ENTRY void kernel_iounmap(void *p)
{
	memory_give((void *)((uint64_t)p & ~4095UL), MEMORY_IO, CALLER());
}

/* memremap() of RAM is where RAM is. */
KERNEL_ENTRY void *kernel_memremap(uint64_t physical, uint64_t size)
{
	char *p;

	if (physical >= RAM_BASE && physical < RAM_BASE + RAM_SIZE)
		return (void *)physical;
	p = map_pages(size, MEMORY_IO, CALLER());
	return p ? p + (physical & 4095) : NULL;
}

KERNEL_ENTRY void kernel_memunmap(void *p)
{
	void *page = (void *)((uint64_t)p & ~4095UL);
	uint64_t start;
	const struct block *b = memory_find((uint64_t)page, &start);

	if (b && b->kind == MEMORY_IO)
		memory_give(page, MEMORY_IO, CALLER());
}
