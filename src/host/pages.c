// SPDX-License-Identifier: GPL-2.0-only
// The kernel's page allocator and its percpu memory.
#include <stdarg.h>
#include <string.h>

#include "host.h"
#include "kernel-calls.h"

#define GFP_COMP 0x40000u /* ___GFP_COMP: bit 18 in v6.1 and v6.12 */

static uint64_t percpu_next;

void *pages_of(void *ram)
{
	uint64_t frame = (uint64_t)ram >> 12;

	return (void *)(PAGES_BASE + frame * host.off.page_size);
}

static void *ram_of(void *page)
{
	uint64_t frame = ((uint64_t)page - PAGES_BASE) / host.off.page_size;

	return (void *)(frame << 12);
}

static int32_t *refcount(void *page)
{
	return at(page, host.off.page_refcount);
}

static void *get_pages(uint32_t order, bool compound)
{
	static void (*prepare)(void *page, uint32_t order);
	void *ram = memory_get(4096UL << order);
	char *page;

	if (!ram)
		return NULL;
	page = pages_of(ram);
	memset(page, 0, (size_t)host.off.page_size << order);
	for (uint64_t i = 0; i < 1UL << order; i++)
		*(int32_t *)at(page + i * host.off.page_size,
			       host.off.page_mapcount) = -1;
	*refcount(page) = 1;
	if (compound && order) {
		if (!prepare)
			prepare = symp("prep_compound_page");
		if (prepare)
			prepare(page, order);
	}
	return page;
}

KERNEL_ENTRY void *kernel_alloc_pages(uint32_t gfp, uint32_t order)
{
	return get_pages(order, gfp & GFP_COMP);
}

KERNEL_ENTRY void *kernel_alloc_folio(uint32_t gfp, uint32_t order)
{
	return get_pages(order, true);
}

/* The last owner is gone: free_unref_page() and its kin */
KERNEL_ENTRY void kernel_release_page(void *page)
{
	memory_put(ram_of(page));
}

KERNEL_ENTRY void kernel_free_pages_of(void *page)
{
	if (page && --*refcount(page) <= 0)
		memory_put(ram_of(page));
}

KERNEL_ENTRY void *kernel_get_free_pages(uint32_t gfp, uint32_t order)
{
	void *page = get_pages(order, gfp & GFP_COMP);

	return page ? ram_of(page) : NULL;
}

KERNEL_ENTRY void *kernel_get_zeroed_page(uint32_t gfp)
{
	return kernel_get_free_pages(gfp, 0);
}

KERNEL_ENTRY void kernel_free_pages(void *ram)
{
	if (ram)
		kernel_free_pages_of(pages_of(ram));
}

KERNEL_ENTRY void *kernel_alloc_pages_exact(uint64_t size)
{
	uint32_t order = 0;

	while ((4096UL << order) < size)
		order++;
	return kernel_get_free_pages(0, order);
}

KERNEL_ENTRY uint64_t kernel_alloc_pages_bulk(uint32_t gfp, int node,
					      void *mask, int n, void *list,
					      void **array)
{
	uint64_t got = 0;

	if (!array)
		return 0; /* callers fall back to single pages */
	for (int i = 0; i < n; i++) {
		if (!array[i])
			array[i] = get_pages(0, false);
		got += array[i] != NULL;
	}
	return got;
}

struct list_head {
	struct list_head *next, *prev;
};

KERNEL_ENTRY void kernel_free_page_list(struct list_head *list)
{
	struct list_head *l = list->next;

	while (l != list) {
		struct list_head *next = l->next;

		memory_put(ram_of((char *)l - host.off.page_lru));
		l = next;
	}
	list->next = list->prev = list;
}

/* struct folio_batch starts with its count (include/linux/pagevec.h) */
KERNEL_ENTRY void kernel_free_folios(uint8_t *batch)
{
	void **folios = at(batch, host.off.batch_folios);

	for (uint8_t i = 0; i < batch[0]; i++)
		memory_put(ram_of(folios[i]));
	batch[0] = 0;
}

KERNEL_ENTRY void *kernel_vmalloc_to_page(void *p)
{
	return pages_of(p);
}

KERNEL_ENTRY uint64_t kernel_vmalloc_to_pfn(void *p)
{
	return (uint64_t)p >> 12;
}

/* Pages that follow each other are mapped as they are; others are not. */
KERNEL_ENTRY void *kernel_vmap(void **pages, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if ((char *)pages[i] - (char *)pages[i - 1] !=
		    (ptrdiff_t)host.off.page_size)
			return NULL;
	return count ? ram_of(pages[0]) : NULL;
}

KERNEL_ENTRY void *kernel_memblock_alloc(uint64_t size, uint64_t align)
{
	return memory_boot(size, align);
}

/* alloc_large_system_hash(): then come shift, mask and two limits */
KERNEL_ENTRY void *kernel_large_hash(const char *name, uint64_t bucket,
				     uint64_t entries, int scale, int flags,
				     ...)
{
	const uint32_t shift = 10;
	uint32_t *ret_shift, *ret_mask;
	va_list rest;

	va_start(rest, flags);
	ret_shift = va_arg(rest, uint32_t *);
	ret_mask = va_arg(rest, uint32_t *);
	va_end(rest);
	if (ret_shift)
		*ret_shift = shift;
	if (ret_mask)
		*ret_mask = (1u << shift) - 1;
	return memory_boot(bucket << shift, 4096);
}

/* Percpu memory: one processor, so an offset into its one block. */
void percpu_start(uint64_t used)
{
	percpu_next = (used + 4095) & ~4095UL;
}

void *percpu_get(uint64_t size, uint64_t align)
{
	uint64_t p;

	align = MAX_OF(align, 8UL);
	p = (percpu_next + align - 1) & -align;
	if (p + size > PERCPU_SIZE)
		return NULL;
	percpu_next = p + size;
	return (void *)p;
}

KERNEL_ENTRY void *kernel_alloc_percpu(uint64_t size, uint64_t align)
{
	return percpu_get(size, align);
}

/* A place of a percpu variable, not its offset */
KERNEL_ENTRY uint64_t kernel_percpu_to_phys(uint64_t address)
{
	return address;
}
