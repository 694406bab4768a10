// SPDX-License-Identifier: GPL-2.0-only
// The kernel's page allocator, and what it gets before there is one.
#include <stdarg.h>
#include <string.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

#define GFP_COMP 0x40000u /* ___GFP_COMP: bit 18 in v6.1 and v6.12 */

void *pages_of(void *ram)
{
	uint64_t frame = (uint64_t)ram >> 12;

	return (void *)(PAGES_BASE + frame * host.off.page_size);
}

void *ram_of(void *page)
{
	uint64_t frame = ((uint64_t)page - PAGES_BASE) / host.off.page_size;

	return (void *)(frame << 12);
}

static int32_t *refcount(void *page)
{
	return at(page, host.off.page_refcount);
}

/* As the kernel hands them out: one owner, mapped nowhere */
void pages_init(void *ram, uint64_t count)
{
	char *page = pages_of(ram);

	memset(page, 0, host.off.page_size * count);
	for (uint64_t i = 0; i < count; i++) {
		char *p = page + i * host.off.page_size;

		*(int32_t *)at(p, host.off.page_mapcount) = -1;
		*refcount(p) = 1;
	}
}

/*
 * Some of the kernel asks whether kfree() may be used: PG_slab up to v6.9,
 * then a type in the top byte of what was the count of mappings.
 */
void pages_mark_slab(void *ram)
{
	static int64_t type, bit = -1;
	void *page = pages_of(ram);

	if (bit < 0 && !type &&
	    lkm_vmlinux_enumerator(host.image, "PGTY_slab", &type, NULL) <= 0 &&
	    lkm_vmlinux_enumerator(host.image, "PG_slab", &bit, NULL) <= 0)
		return;
	memset(page, 0, host.off.page_size);
	if (type)
		*(uint32_t *)at(page, host.off.page_mapcount) = (uint32_t)type
								<< 24;
	else
		*(uint64_t *)page = 1UL << bit; /* flags come first */
}

static void *get_pages(uint32_t gfp, uint32_t order, bool compound,
		       struct caller caller)
{
	static void (*prepare)(void *page, uint32_t order);
	const uint64_t size = 4096UL << order;
	void *ram, *page;

	ram = memory_take(&(struct request){ .size = size,
					     .align = MIN_OF(size, 4UL << 20),
					     .gfp = gfp,
					     .kind = MEMORY_PAGES,
					     .caller = caller });
	if (!ram)
		return NULL;
	page = pages_of(ram);
	pages_init(ram, 1UL << order);
	for (uint64_t i = 1; i < 1UL << order; i++)
		*refcount((char *)page + i * host.off.page_size) = 0;
	if (compound && order) {
		if (!prepare)
			prepare = symp("prep_compound_page");
		if (prepare)
			prepare(page, order);
	}
	return page;
}

/* A part of a block, after split_page() as the compiler has inlined it */
static void put_pages(void *page, uint32_t order, struct caller caller)
{
	char *ram = ram_of(page);
	uint64_t start;
	struct block *b = guard_memory_find((uint64_t)ram, &start);

	if (b) {
		if (guard_memory_put_part(b, ram, 1U << order))
			memory_give((void *)start, MEMORY_PAGES, caller);
		return;
	}
	b = arena_find((uint64_t)ram, &start);
	if (!b)
		return; /* of the boot */
	if (b->kind == MEMORY_PAGES && b->state == BLOCK_LIVE &&
	    arena_room(start) > 4096UL << order)
		arena_split(start);
	for (uint64_t left = 4096UL << order; left;) {
		uint64_t room = arena_room((uint64_t)ram);

		memory_give(ram, MEMORY_PAGES, caller);
		ram += room;
		left -= MIN_OF(left, room);
	}
}

static void put_block(void *page, struct caller caller)
{
	memory_give(ram_of(page), MEMORY_PAGES, caller);
}

KERNEL_ENTRY void *kernel_alloc_pages(uint32_t gfp, uint32_t order)
{
	return get_pages(gfp, order, gfp & GFP_COMP, CALLER());
}

KERNEL_ENTRY void *kernel_alloc_folio(uint32_t gfp, uint32_t order)
{
	return get_pages(gfp, order, true, CALLER());
}

/* The last owner is gone: free_unref_page() and its kin */
KERNEL_ENTRY void kernel_release_page(void *page, uint32_t order)
{
	put_pages(page, order, CALLER());
}

KERNEL_ENTRY void kernel_release_compound(void *page)
{
	put_block(page, CALLER());
}

KERNEL_ENTRY void kernel_free_pages_of(void *page, uint32_t order)
{
	if (page && --*refcount(page) <= 0)
		put_pages(page, order, CALLER());
}

KERNEL_ENTRY void *kernel_get_free_pages(uint32_t gfp, uint32_t order)
{
	void *page = get_pages(gfp, order, gfp & GFP_COMP, CALLER());

	return page ? ram_of(page) : NULL;
}

KERNEL_ENTRY void *kernel_get_zeroed_page(uint32_t gfp)
{
	void *page = get_pages(gfp, 0, false, CALLER());

	return page ? ram_of(page) : NULL;
}

KERNEL_ENTRY void kernel_free_pages(void *ram, uint32_t order)
{
	if (ram && --*refcount(pages_of(ram)) <= 0)
		put_pages(pages_of(ram), order, CALLER());
}

static void *get_pages_exact(uint64_t size, uint32_t gfp, struct caller caller)
{
	uint32_t order = 0;
	void *page;

	while ((4096UL << order) < size)
		order++;
	page = get_pages(gfp, order, false, caller);
	return page ? ram_of(page) : NULL;
}

KERNEL_ENTRY void *kernel_alloc_pages_exact(uint64_t size, uint32_t gfp)
{
	return get_pages_exact(size, gfp, CALLER());
}

KERNEL_ENTRY void *kernel_alloc_pages_exact_nid(int node, uint64_t size,
						uint32_t gfp)
{
	return get_pages_exact(size, gfp, CALLER());
}

KERNEL_ENTRY void kernel_free_pages_exact(void *ram)
{
	if (ram)
		put_block(pages_of(ram), CALLER());
}

KERNEL_ENTRY void kernel_split_page(char *page, uint32_t order)
{
	uint64_t start, ram = (uint64_t)ram_of(page);

	for (uint64_t i = 1; i < 1UL << order; i++)
		*refcount(page + i * host.off.page_size) = 1;
	if (arena_find(ram, &start))
		arena_split(ram);
}

KERNEL_ENTRY uint64_t kernel_alloc_pages_bulk(uint32_t gfp, int node,
					      void *mask, int n, void *list,
					      void **array)
{
	struct caller caller = CALLER();
	uint64_t got = 0;

	if (!array)
		return 0; /* callers fall back to single pages */
	for (int i = 0; i < n; i++) {
		if (!array[i])
			array[i] = get_pages(gfp, 0, false, caller);
		if (!array[i])
			break;
		got++;
	}
	return got;
}

struct list_head {
	struct list_head *next, *prev;
};

KERNEL_ENTRY void kernel_free_page_list(struct list_head *list)
{
	struct list_head *l = list->next;
	struct caller caller = CALLER();

	while (l != list) {
		struct list_head *next = l->next;

		put_pages((char *)l - host.off.page_lru, 0, caller);
		l = next;
	}
	list->next = list->prev = list;
}

/* struct folio_batch starts with its count (include/linux/pagevec.h) */
KERNEL_ENTRY void kernel_free_folios(uint8_t *batch)
{
	void **folios = at(batch, host.off.batch_folios);
	struct caller caller = CALLER();

	for (uint8_t i = 0; i < batch[0]; i++)
		put_block(folios[i], caller);
	batch[0] = 0;
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
