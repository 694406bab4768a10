// SPDX-License-Identifier: GPL-2.0-only
// The image in memory: its segments in the low part, moved by its relocations.
#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "base/span.h"
#include "diag/error.h"
#include "host/host.h"

/*
 * Nothing else may come to lie here: the program's own segment at the end of
 * it keeps brk(2)'s random start out (the kernel places brk after the last
 * one).  Not a segment of all of it: a debugger would take what is in there for
 * lkm-host's.
 */
__asm__(".pushsection .lkm_low,\"aw\",@nobits\n"
	".balign 4096; .zero 4096\n"
	".popsection\n");

struct segment {
	uint64_t file_offset, address, physical, file_size, memory_size;
};

#define SEGMENTS_MAX 16

static int read_segment(struct span elf, uint64_t at_, struct segment *ret)
{
	uint32_t type;

	if (!span_u32(elf, at_, false, &type) ||
	    !span_u64(elf, at_ + 8, false, &ret->file_offset) ||
	    !span_u64(elf, at_ + 16, false, &ret->address) ||
	    !span_u64(elf, at_ + 24, false, &ret->physical) ||
	    !span_u64(elf, at_ + 32, false, &ret->file_size) ||
	    !span_u64(elf, at_ + 40, false, &ret->memory_size))
		return -1;
	return type == PT_LOAD;
}

static int read_segments(struct span elf, struct segment *ret, size_t *ret_n,
			 struct lkm_error **reterr)
{
	uint64_t table;
	uint16_t machine, count;
	size_t n = 0;

	if (!span_u16(elf, offsetof(Elf64_Ehdr, e_machine), false, &machine) ||
	    !span_u64(elf, offsetof(Elf64_Ehdr, e_phoff), false, &table) ||
	    !span_u16(elf, offsetof(Elf64_Ehdr, e_phnum), false, &count))
		return FAIL(reterr, HOST_IMAGE_BROKEN);
	if (elf.data[EI_CLASS] != ELFCLASS64 || machine != EM_X86_64)
		return FAIL(reterr, HOST_IMAGE_FOREIGN,
			    KV_NUM("machine", machine));
	for (uint16_t i = 0; i < count && n < SEGMENTS_MAX; i++) {
		int r = read_segment(elf, table + i * sizeof(Elf64_Phdr),
				     &ret[n]);

		if (r < 0)
			return FAIL(reterr, HOST_IMAGE_BROKEN);
		n += (size_t)r;
	}
	*ret_n = n;
	return 0;
}

/* Percpu variables have addresses from 0 up: the segment at 0 is theirs. */
static bool is_percpu(const struct segment *s)
{
	return s->address == 0;
}

static int place(const struct segment *s, struct lkm_error **reterr)
{
	uint64_t to = is_percpu(s) ? PERCPU_BASE :
				     s->address + (uint64_t)host.distance;
	uint64_t limit = is_percpu(s) ? PERCPU_BASE + PERCPU_SIZE / 4 :
					IMAGE_BASE + IMAGE_LIMIT;

	if (s->memory_size < s->file_size || to > limit ||
	    s->memory_size > limit - to)
		return FAIL(reterr, HOST_IMAGE_BROKEN);
	return lkm_vmlinux_read(host.image, s->file_offset, s->file_size,
				(void *)to, reterr);
}

static void find_range(const struct segment *s, size_t n)
{
	host.link_base = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		if (is_percpu(&s[i])) {
			/* what its relocations call it: the load address */
			host.percpu_load = s[i].physical;
			host.percpu_size = s[i].memory_size;
			continue;
		}
		host.link_base = MIN_OF(host.link_base, s[i].address);
		host.link_end = MAX_OF(host.link_end,
				       s[i].address + s[i].memory_size);
	}
	/* of the mapping of the whole image: -2 GiB + physical address */
	host.percpu_load += START_KERNEL_MAP;
	host.distance = (int64_t)(IMAGE_BASE - host.link_base);
}

/* The place in this process of @size bytes at a link address, NULL: outside */
static void *place_of(uint64_t link, uint64_t size)
{
	if (host.percpu_size && link >= host.percpu_load &&
	    link - host.percpu_load <= host.percpu_size - size)
		return (void *)(PERCPU_BASE + (link - host.percpu_load));
	if (link >= host.link_base && link <= host.link_end - size)
		return (void *)(link + (uint64_t)host.distance);
	return NULL;
}

static int relocate(const struct lkm_krelocs *r)
{
	for (size_t i = 0; i < r->abs32_count; i++) {
		uint32_t *p = place_of(r->abs32[i], 4);

		if (!p)
			return -1;
		*p += (uint32_t)host.distance;
	}
	for (size_t i = 0; i < r->inv32_count; i++) {
		uint32_t *p = place_of(r->inv32[i], 4);

		if (!p)
			return -1;
		*p -= (uint32_t)host.distance;
	}
	for (size_t i = 0; i < r->abs64_count; i++) {
		uint64_t *p = place_of(r->abs64[i], 8);

		if (!p)
			return -1;
		*p += (uint64_t)host.distance;
	}
	return 0;
}

static struct {
	struct segment segments[SEGMENTS_MAX];
	size_t count;
} read_so_far;

int map_read(struct lkm_error **reterr)
{
	/* The linker puts the program headers right behind the ELF header. */
	uint8_t head[4096];
	int r;

	r = lkm_vmlinux_read(host.image, 0, sizeof(head), head, reterr);
	if (r < 0)
		return r;
	r = read_segments((struct span){ head, sizeof(head) },
			  read_so_far.segments, &read_so_far.count, reterr);
	if (r < 0)
		return r;
	find_range(read_so_far.segments, read_so_far.count);
	if (host.link_end - host.link_base > IMAGE_LIMIT)
		return FAIL(reterr, HOST_IMAGE_BROKEN);
	return 0;
}

int map_image(struct lkm_error **reterr)
{
	void *low = (void *)LOW_BASE;
	struct lkm_krelocs relocs;
	int r;

	r = lkm_vmlinux_relocs(host.image, &relocs, reterr);
	if (r < 0)
		return r;
	if (mmap(low, LOW_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
		 0) != low)
		return FAIL(reterr, HOST_MEMORY_FAILED, KV_ERRNO(errno));
	/* a fork copies an entry for 2 MiB, not 512 of them */
	(void)madvise(low, LOW_SIZE, MADV_HUGEPAGE);
	for (size_t i = 0; i < read_so_far.count; i++) {
		r = place(&read_so_far.segments[i], reterr);
		if (r < 0)
			return r;
	}
	if (relocate(&relocs) < 0)
		return FAIL(reterr, HOST_IMAGE_BROKEN);
	return 0;
}
