// SPDX-License-Identifier: GPL-2.0-only
// The hosted kernel's physical memory, cut into blocks of powers of two.
#include <string.h>
#include <sys/mman.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

/*
 * page_offset_base and vmemmap_base are set so that the kernel's own
 * arithmetic between addresses, frames and struct page holds.  A block lies at
 * a multiple of its size, as the kernel's pages and kmalloc(2^n) do; one of
 * less than a page shares its page with others of its size only.  What is
 * known of the blocks, free ones' list included, is kept apart from them.
 */
#define CLASS_MIN 4  /* 16 bytes */
#define CLASS_MAX 26 /* 64 MiB: more than any module asks for rightly */
#define PAGE_CLASS 12
#define ALIGN_MAX (4UL << 20) /* MAX_PAGE_ORDER */
/* From this size on a free block's pages are given back. */
#define CLASS_RETURN 16
#define BOOT_MAX 256	/* Debian's kernels ask some 30 times */
#define OF_MODULES 0x80 /* in class_of: see arena_get() */
#define FRAMES (RAM_SIZE >> PAGE_CLASS)

static struct {
	uint64_t next;
	/* by zone, in units of the smallest block */
	uint32_t free[2][CLASS_MAX + 1];
	uint8_t *class_of;	  /* of each frame; 0: no block's */
	struct block **blocks_of; /* of each frame that a block starts in */
	char *records;
	size_t records_left;
	uint64_t live;
	struct {
		uint64_t start, end;
	} boot[BOOT_MAX];
	size_t boot_count;
} a = { .next = RAM_BASE + (16UL << 20) };

static void *reserve(void *at_, uint64_t size)
{
	return mmap(at_, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			    (at_ ? MAP_FIXED_NOREPLACE : 0),
		    -1, 0);
}

int arena_init(void)
{
	/* struct page of every frame below RAM's end, the image's too */
	uint64_t pages = ((GUARD_BASE + GUARD_SIZE) >> 12) * host.off.page_size;

	if (reserve((void *)RAM_BASE, RAM_SIZE) != (void *)RAM_BASE ||
	    reserve((void *)PAGES_BASE, pages) != (void *)PAGES_BASE)
		return -1;
	/* a fork copies an entry for 2 MiB, not 512 of them */
	(void)madvise((void *)RAM_BASE, RAM_SIZE, MADV_HUGEPAGE);
	a.class_of = reserve(NULL, FRAMES);
	a.blocks_of = reserve(NULL, FRAMES * sizeof(*a.blocks_of));
	if (a.class_of == MAP_FAILED || a.blocks_of == MAP_FAILED)
		return -1;
	return 0;
}

uint64_t memory_live(void)
{
	return a.live;
}

static void *cut(uint64_t size, uint64_t align)
{
	uint64_t p = (a.next + align - 1) & -align;

	if (size > RAM_BASE + RAM_SIZE - p)
		return NULL;
	a.next = p + size;
	return (void *)p;
}

void *memory_boot(uint64_t size, uint64_t align)
{
	void *p = cut(size, MAX_OF(align, 64UL));

	if (p && a.boot_count < BOOT_MAX) {
		a.boot[a.boot_count].start = (uint64_t)p;
		a.boot[a.boot_count++].end = (uint64_t)p + size;
	}
	return p;
}

void arena_each_boot(range_visit *visit)
{
	for (size_t i = 0; i < a.boot_count; i++)
		visit(a.boot[i].start, a.boot[i].end);
}

static struct block *new_records(size_t n)
{
	const size_t size = n * sizeof(struct block), chunk = 1UL << 20;
	struct block *b;

	if (size > a.records_left) {
		void *p = reserve(NULL, chunk);

		if (p == MAP_FAILED)
			return NULL;
		a.records = p;
		a.records_left = chunk;
	}
	b = (struct block *)a.records;
	a.records += size;
	a.records_left -= size;
	return b;
}

static uint64_t frame_of(uint64_t p)
{
	return (p - RAM_BASE) >> PAGE_CLASS;
}

static uint32_t unit_of(uint64_t p)
{
	return (uint32_t)((p - RAM_BASE) >> CLASS_MIN);
}

struct block *arena_find(uint64_t p, uint64_t *ret_start)
{
	uint64_t start, frame;
	uint8_t c;

	if (p < RAM_BASE || p >= RAM_BASE + RAM_SIZE)
		return NULL;
	c = a.class_of[frame_of(p)] & ~OF_MODULES;
	if (!c)
		return NULL;
	start = p & -MIN_OF(1UL << c, ALIGN_MAX);
	while (!a.blocks_of[frame_of(start)])
		start -= ALIGN_MAX; /* of a block that is bigger than that */
	frame = frame_of(start);
	*ret_start = start;
	return &a.blocks_of[frame][c < PAGE_CLASS ? (start & 4095) >> c : 0];
}

static void put_free(uint64_t start, struct block *b, uint8_t class)
{
	uint32_t *first = &a.free[class / OF_MODULES][class % OF_MODULES];

	b->sequence = *first;
	*first = unit_of(start);
}

/* A new page of small blocks; the first is the caller's. */
static uint64_t cut_page(uint8_t class)
{
	const int c = class % OF_MODULES;
	uint64_t page = (uint64_t)cut(4096, 4096);
	struct block *b = new_records(4096UL >> c);

	if (!page || !b)
		return 0;
	pages_mark_slab((void *)page);
	a.class_of[frame_of(page)] = class;
	a.blocks_of[frame_of(page)] = b;
	for (uint64_t o = 4096 - (1UL << c); o; o -= 1UL << c)
		put_free(page + o, &b[o >> c], class);
	return page;
}

static uint64_t cut_pages(uint8_t class)
{
	uint64_t size = 1UL << class % OF_MODULES;
	uint64_t p = (uint64_t)cut(size, MIN_OF(size, ALIGN_MAX));
	struct block *b = new_records(1);

	if (!p || !b)
		return 0;
	memset(&a.class_of[frame_of(p)], class, size >> PAGE_CLASS);
	a.blocks_of[frame_of(p)] = b;
	return p;
}

static int class_for(uint64_t size)
{
	int c = CLASS_MIN;

	while ((1UL << c) < size)
		c++;
	return c;
}

uint64_t arena_round(uint64_t size)
{
	return 1UL << class_for(size);
}

struct block *arena_get(uint64_t size, uint64_t align, bool of_module,
			void **ret)
{
	uint32_t *first;
	struct block *b;
	uint8_t class;
	uint64_t p;
	int c;

	if (size > 1UL << CLASS_MAX || align > ALIGN_MAX)
		return NULL;
	c = class_for(MAX_OF(size, align));
	class = (uint8_t)(c | (of_module ? OF_MODULES : 0));
	first = &a.free[of_module][c];
	if (*first) {
		p = RAM_BASE + ((uint64_t)*first << CLASS_MIN);
		b = arena_find(p, &p);
		*first = b->sequence;
		if (c < CLASS_RETURN)
			memset((void *)p, 0, 1UL << c);
	} else {
		p = c < PAGE_CLASS ? cut_page(class) : cut_pages(class);
		if (!p)
			return NULL;
		b = arena_find(p, &p);
	}
	a.live++;
	b->state = BLOCK_LIVE;
	*ret = (void *)p;
	return b;
}

void arena_put(void *start, struct block *b)
{
	uint8_t class = a.class_of[frame_of((uint64_t)start)];

	if (class % OF_MODULES >= CLASS_RETURN)
		madvise(start, 1UL << class % OF_MODULES, MADV_DONTNEED);
	a.live--;
	b->state = BLOCK_FREE;
	put_free((uint64_t)start, b, class);
}

uint64_t arena_room(uint64_t start)
{
	return 1UL << a.class_of[frame_of(start)] % OF_MODULES;
}

void arena_split(uint64_t start)
{
	uint64_t frame = frame_of(start);
	struct block whole = *a.blocks_of[frame], *b;
	uint64_t n = arena_room(start) >> PAGE_CLASS;

	if (n < 2)
		return;
	b = new_records(n);
	if (!b)
		return;
	whole.size = 4096;
	for (uint64_t i = 0; i < n; i++) {
		b[i] = whole;
		a.class_of[frame + i] &= OF_MODULES;
		a.class_of[frame + i] |= PAGE_CLASS;
		a.blocks_of[frame + i] = &b[i];
	}
	a.live += n - 1;
	site_at(whole.site)->live += (uint32_t)n - 1;
}

void arena_each_live(block_visit *visit, void *ctx)
{
	uint64_t end = frame_of(a.next + 4095);

	for (uint64_t f = 0; f < end; f++) {
		struct block *b = a.blocks_of[f];
		int c = a.class_of[f] % OF_MODULES;
		uint64_t n = c < PAGE_CLASS ? 4096UL >> c : 1;

		for (uint64_t i = 0; b && i < n; i++)
			if (b[i].state == BLOCK_LIVE)
				visit(&b[i],
				      RAM_BASE + (f << PAGE_CLASS) + (i << c),
				      ctx);
	}
}
