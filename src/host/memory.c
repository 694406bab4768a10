// SPDX-License-Identifier: GPL-2.0-only
// The kernel's allocators: kmalloc, slab caches and vmalloc over one arena.
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "host.h"
#include "kernel-calls.h"

/*
 * The arena is the hosted kernel's physical memory: page_offset_base and
 * vmemmap_base are set so that the kernel's own arithmetic between addresses,
 * frames and struct page holds.  Blocks are powers of two; a block of less
 * than a page shares its page with others of its size only.
 */
#define CLASS_MIN 4  /* 16 bytes */
#define CLASS_MAX 26 /* 64 MiB: more than any module asks for rightly */
#define ZERO_SIZE ((void *)16)

static struct {
	uint64_t next;
	void *free[CLASS_MAX + 1];
	uint8_t *class_of_page;
	uint64_t live;
	uint64_t module_next;
} m = { .next = RAM_BASE + (16UL << 20), .module_next = MODULES_BASE };

int memory_init(void)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uint64_t frames = RAM_SIZE >> 12;
	void *p;

	p = mmap((void *)RAM_BASE, RAM_SIZE, prot, flags | MAP_FIXED_NOREPLACE,
		 -1, 0);
	if (p != (void *)RAM_BASE)
		return -1;
	/* struct page of every frame below RAM's end, the image's too */
	p = mmap((void *)PAGES_BASE,
		 ((RAM_BASE + RAM_SIZE) >> 12) * host.off.page_size, prot,
		 flags | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != (void *)PAGES_BASE)
		return -1;
	p = mmap(NULL, frames, prot, flags, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	m.class_of_page = p;
	return 0;
}

uint64_t memory_live(void)
{
	return m.live;
}

void *memory_boot(uint64_t size, uint64_t align)
{
	uint64_t p;

	align = MAX_OF(align, 64UL);
	p = (m.next + align - 1) & -align;
	if (p + size > RAM_BASE + RAM_SIZE)
		host_stop("out of memory (%lu bytes wanted)", size);
	m.next = p + size;
	return (void *)p;
}

static int class_for(uint64_t size)
{
	int c = CLASS_MIN;

	while ((1UL << c) < size)
		c++;
	return c;
}

static bool in_arena(const void *p)
{
	return (uint64_t)p >= RAM_BASE && (uint64_t)p < RAM_BASE + RAM_SIZE;
}

static uint8_t *class_at(const void *p)
{
	return &m.class_of_page[((uint64_t)p - RAM_BASE) >> 12];
}

static void *cut_page(int c)
{
	char *page = memory_boot(4096, 4096);

	*class_at(page) = (uint8_t)c;
	for (uint64_t o = 4096 - (1UL << c); o; o -= 1UL << c) {
		*(void **)(page + o) = m.free[c];
		m.free[c] = page + o;
	}
	return page;
}

void *memory_get(uint64_t size)
{
	void *p;
	int c;

	if (!size)
		return ZERO_SIZE;
	if (size > 1UL << CLASS_MAX)
		return NULL;
	c = class_for(size);
	m.live++;
	p = m.free[c];
	if (p) {
		m.free[c] = *(void **)p;
		return memset(p, 0, 1UL << c);
	}
	if (c < 12)
		return cut_page(c);
	p = memory_boot(1UL << c, 4096);
	*class_at(p) = (uint8_t)c;
	return p;
}

void memory_put(void *p)
{
	int c;

	if (!in_arena(p))
		return;
	c = *class_at(p);
	if (!c)
		return;
	m.live--;
	*(void **)p = m.free[c];
	m.free[c] = p;
}

uint64_t memory_size_of(const void *p)
{
	int c = in_arena(p) ? *class_at(p) : 0;

	return c ? 1UL << c : 0;
}

/* Blocks for modules' code and data; near the kernel, as its jumps want. */
void *memory_module(uint64_t size)
{
	uint64_t p = m.module_next;

	size = (size + 4095) & ~4095UL;
	if (size > MODULES_BASE + MODULES_SIZE - p)
		return NULL;
	m.module_next = p + size;
	return (void *)p;
}

/* kmalloc */
KERNEL_ENTRY void *kernel_kmalloc(uint64_t size)
{
	return memory_get(size);
}

KERNEL_ENTRY void *kernel_kmalloc_trace(void *cache, uint32_t gfp,
					uint64_t size)
{
	return memory_get(size);
}

KERNEL_ENTRY void *kernel_kmalloc_node_trace(void *cache, uint32_t gfp,
					     int node, uint64_t size)
{
	return memory_get(size);
}

KERNEL_ENTRY void kernel_kfree(void *p)
{
	memory_put(p);
}

KERNEL_ENTRY uint64_t kernel_ksize(void *p)
{
	return memory_size_of(p);
}

KERNEL_ENTRY uint64_t kernel_size_roundup(uint64_t size)
{
	return size ? 1UL << class_for(size) : 0;
}

KERNEL_ENTRY void *kernel_krealloc(void *old, uint64_t size)
{
	uint64_t had = memory_size_of(old);
	void *p;

	if (!size) {
		memory_put(old);
		return ZERO_SIZE;
	}
	p = memory_get(size);
	if (p && had) {
		memcpy(p, old, MIN_OF(had, size));
		memory_put(old);
	}
	return p;
}

/* Slab caches.  Some members are read by the kernel outside of mm/slub.c. */
static void *cache_new(const char *name, uint32_t size, uint32_t align,
		       void *ctor)
{
	char *c = memory_get(host.off.cache_struct_size);

	*(uint32_t *)at(c, host.off.cache_size) = size;
	*(uint32_t *)at(c, host.off.cache_full_size) = size;
	*(uint32_t *)at(c, host.off.cache_align) = align;
	*(const char **)at(c, host.off.cache_name) = strdup(name ? name : "?");
	*(void **)at(c, host.off.cache_ctor) = ctor;
	return c;
}

KERNEL_ENTRY void *kernel_cache_create(const char *name, uint32_t size,
				       uint32_t align, uint32_t flags,
				       void *ctor)
{
	return cache_new(name, size, align, ctor);
}

/* Then come the number of bytes and the constructor, the seventh argument. */
KERNEL_ENTRY void *kernel_cache_create_usercopy(const char *name, uint32_t size,
						uint32_t align, uint32_t flags,
						uint32_t from, ...)
{
	va_list rest;
	void *ctor;

	va_start(rest, from);
	(void)va_arg(rest, uint32_t);
	ctor = va_arg(rest, void *);
	va_end(rest);
	return cache_new(name, size, align, ctor);
}

/* Since v6.12, mm/slab_common.c */
KERNEL_ENTRY void *kernel_cache_create_args(const char *name, uint32_t size,
					    void *args)
{
	if (!args || host.off.cache_args_ctor == NO_OFFSET)
		return cache_new(name, size, 0, NULL);
	return cache_new(name, size,
			 *(uint32_t *)at(args, host.off.cache_args_align),
			 *(void **)at(args, host.off.cache_args_ctor));
}

KERNEL_ENTRY void *kernel_cache_alloc(void *cache)
{
	void (*ctor)(void *);
	void *p;

	if (!in_arena(cache))
		host_stop("allocation from a bad kmem_cache %p", cache);
	p = memory_get(*(uint32_t *)at(cache, host.off.cache_size));
	ctor = *(void (**)(void *))at(cache, host.off.cache_ctor);
	if (p && ctor)
		ctor(p);
	return p;
}

KERNEL_ENTRY void kernel_cache_free(void *cache, void *p)
{
	memory_put(p);
}

KERNEL_ENTRY int kernel_cache_alloc_bulk(void *cache, uint32_t gfp, uint64_t n,
					 void **ret)
{
	for (uint64_t i = 0; i < n; i++)
		ret[i] = kernel_cache_alloc(cache);
	return (int)n;
}

KERNEL_ENTRY void kernel_cache_free_bulk(void *cache, uint64_t n, void **p)
{
	for (uint64_t i = 0; i < n; i++)
		memory_put(p[i]);
}

/* vmalloc */
static uint64_t whole_pages(uint64_t size)
{
	return (size + 4095) & ~4095UL;
}

KERNEL_ENTRY void *kernel_vmalloc(uint64_t size)
{
	return size ? memory_get(whole_pages(size)) : NULL;
}

KERNEL_ENTRY void *kernel_module_alloc(uint64_t size)
{
	return memory_module(size);
}

KERNEL_ENTRY void *kernel_execmem_alloc(int type, uint64_t size)
{
	return memory_module(size);
}

/* Ranges in the kernel's top 2 GiB are asked for code only. */
KERNEL_ENTRY void *kernel_vmalloc_range(uint64_t size, uint64_t align,
					uint64_t start, uint64_t end)
{
	if (start >= 0xffffffff00000000UL)
		return memory_module(size);
	return kernel_vmalloc(size);
}

KERNEL_ENTRY void *kernel_ioremap(uint64_t physical, uint64_t size)
{
	if (!size)
		return NULL;
	return memory_get(whole_pages(size));
}
