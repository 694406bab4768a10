// SPDX-License-Identifier: GPL-2.0-only
// Pages that are not neighbours, seen as one range: vmap() and its kin.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

/*
 * Private memory cannot be seen at two places.  So a page becomes shared when
 * it is first mapped by vmap(), and private again with its last vunmap(); a
 * copy of the process gets copies of those few (memory_fork()).  With all of
 * RAM in a file, each copy of the process would have to copy all of it.
 */
#define VMAP_BASE 0x280000000UL
#define VMAP_SIZE (1UL << 30)
#define PAGE 4096UL

static struct {
	struct space space;
	uint64_t *page_of; /* the page that each page of the space shows */
} v = { .space = { .begin = VMAP_BASE, .end = VMAP_BASE + VMAP_SIZE } };

static bool is_inside(uint64_t p)
{
	return p >= VMAP_BASE && p < VMAP_BASE + VMAP_SIZE;
}

static uint64_t *shown(uint64_t p)
{
	return &v.page_of[(p - VMAP_BASE) / PAGE];
}

static bool prepare(void)
{
	const uint64_t size = VMAP_SIZE / PAGE * sizeof(*v.page_of);

	if (v.page_of)
		return true;
	v.page_of = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (v.page_of == MAP_FAILED)
		v.page_of = NULL;
	return v.page_of != NULL;
}

/* A place in the space that shows @page; 0: none */
static uint64_t find_shown(uint64_t page)
{
	for (size_t i = 0; i < v.space.count; i++) {
		const struct piece *p = &v.space.pieces[i];

		for (uint64_t a = p->start; a < p->start + p->size; a += PAGE)
			if (*shown(a) == page)
				return a;
	}
	return 0;
}

static bool map_at(uint64_t p, int flags, int prot)
{
	return mmap((void *)p, PAGE, prot, flags | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) == (void *)p;
}

/* The same memory at a second place: of length 0, it is copied, not moved. */
static bool show_again(uint64_t from, uint64_t to)
{
	return mremap((void *)from, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      (void *)to) == (void *)to;
}

static bool share(uint64_t at_, uint64_t page)
{
	if (find_shown(page)) {
		*shown(at_) = page;
		return show_again(page, at_);
	}
	if (!map_at(at_, MAP_SHARED, PROT_READ | PROT_WRITE))
		return false;
	memcpy((void *)at_, (void *)page, PAGE);
	*shown(at_) = page;
	return show_again(at_, page);
}

static void hide(uint64_t at_)
{
	uint64_t page = *shown(at_);
	char bytes[PAGE];

	*shown(at_) = 0;
	if (page && !find_shown(page)) {
		memcpy(bytes, (void *)page, PAGE);
		if (map_at(page, MAP_PRIVATE, PROT_READ | PROT_WRITE))
			memcpy((void *)page, bytes, PAGE);
	}
	(void)map_at(at_, MAP_PRIVATE | MAP_NORESERVE, PROT_NONE);
}

static void unmap(struct piece *p)
{
	for (uint64_t a = p->start; a < p->start + p->size; a += PAGE)
		hide(a);
	space_put(&v.space, p);
}

/* A page between the ranges stays empty. */
static void *map_all(uint64_t (*page_at)(void *list, uint32_t i), void *list,
		     uint32_t count)
{
	struct piece *p;
	uint64_t start;

	if (!prepare())
		return NULL;
	p = space_get(&v.space, (count + 1UL) * PAGE, PAGE);
	if (!p)
		return NULL;
	start = p->start;
	memset(shown(start), 0, (count + 1UL) * sizeof(*v.page_of));
	for (uint32_t i = 0; i < count; i++)
		if (!share(start + i * PAGE, page_at(list, i))) {
			unmap(p);
			return NULL;
		}
	return (void *)start;
}

static uint64_t of_pages(void *list, uint32_t i)
{
	return (uint64_t)ram_of(((void **)list)[i]);
}

static uint64_t of_frames(void *list, uint32_t i)
{
	return ((uint64_t *)list)[i] * PAGE;
}

static void *map(uint64_t (*page_at)(void *list, uint32_t i), void *list,
		 uint32_t count)
{
	uint64_t first = count ? page_at(list, 0) : 0;

	for (uint32_t i = 1; i < count; i++)
		if (page_at(list, i) != first + i * PAGE)
			return map_all(page_at, list, count);
	return (void *)first; /* they are one range as they are */
}

KERNEL_ENTRY void *kernel_vmap(void **pages, uint32_t count)
{
	return map(of_pages, pages, count);
}

KERNEL_ENTRY void *kernel_vmap_pfn(uint64_t *frames, uint32_t count)
{
	return map(of_frames, frames, count);
}

KERNEL_ENTRY void kernel_vunmap(void *start)
{
	struct piece *p = space_find(&v.space, (uint64_t)start);

	if (p && p->start == (uint64_t)start)
		unmap(p);
}

KERNEL_ENTRY bool kernel_is_vmalloc(void *p)
{
	return is_inside((uint64_t)p);
}

KERNEL_ENTRY bool kernel_is_vmalloc_or_module(void *p)
{
	return is_inside((uint64_t)p) || is_module_area((uint64_t)p);
}

static uint64_t ram_shown(uint64_t p)
{
	return is_inside(p) && v.page_of && *shown(p) ? *shown(p) + p % PAGE :
							p;
}

KERNEL_ENTRY void *kernel_vmalloc_to_page(uint64_t p)
{
	return pages_of((void *)ram_shown(p));
}

KERNEL_ENTRY uint64_t kernel_vmalloc_to_pfn(uint64_t p)
{
	return ram_shown(p) >> 12;
}

/* What a place of the space shows, and what is there */
struct saved {
	uint64_t place, page;
	char bytes[PAGE];
};

static struct saved *save_shown(size_t *ret_count)
{
	size_t room = 0, n = 0;
	struct saved *s;

	for (size_t i = 0; i < v.space.count; i++)
		room += v.space.pieces[i].size / PAGE;
	s = room ? calloc(room, sizeof(*s)) : NULL;
	for (size_t i = 0; s && i < v.space.count; i++) {
		const struct piece *p = &v.space.pieces[i];

		for (uint64_t a = p->start; a < p->start + p->size; a += PAGE) {
			if (!*shown(a))
				continue;
			s[n].place = a;
			s[n].page = *shown(a);
			memcpy(s[n++].bytes, (void *)a, PAGE);
		}
	}
	*ret_count = s ? n : room;
	return s;
}

static void make_private(const struct saved *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		*shown(s[i].place) = 0;
		if (map_at(s[i].page, MAP_PRIVATE, PROT_READ | PROT_WRITE))
			memcpy((void *)s[i].page, s[i].bytes, PAGE);
	}
	for (size_t i = 0; i < count; i++)
		(void)share(s[i].place, s[i].page);
}

int memory_fork(void)
{
	size_t count;
	struct saved *s = save_shown(&count);
	pid_t pid = -1;

	if (!count || s)
		pid = fork();
	if (!pid)
		make_private(s, count);
	free(s);
	return pid;
}
