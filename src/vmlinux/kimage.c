// SPDX-License-Identifier: LGPL-2.1-or-later
// The unpacked bytes of a kernel, by file offset and by link address.
#include "vmlinux/kimage.h"

#include <elf.h>
#include <string.h>

/* Offsets of the fields that are read, for each class. */
struct layout {
	uint8_t phoff, phentsize, phnum;
	uint8_t size;
	uint8_t p_offset, p_vaddr, p_filesz, p_memsz;
};

static const struct layout layouts[2] = {
	{ 28, 42, 44, 32, 4, 8, 16, 20 },
	{ 32, 54, 56, 56, 8, 16, 32, 40 },
};

int kimage_absent(const struct kimage *k, const char *part,
		  struct lkm_error **reterr)
{
	return FAIL(reterr, VMLINUX_ABSENT, KV_STR("file", k->file),
		    KV_STR("part", part));
}

int kimage_broken(const struct kimage *k, const char *part, const char *problem,
		  struct lkm_error **reterr)
{
	return FAIL(reterr, VMLINUX_BROKEN, KV_STR("file", k->file),
		    KV_STR("part", part), KV_STR("problem", problem));
}

int kimage_limit(const struct kimage *k, const char *what, uint64_t count,
		 uint64_t limit, struct lkm_error **reterr)
{
	return FAIL(reterr, VMLINUX_LIMIT, KV_STR("file", k->file),
		    KV_STR("what", what), KV_NUM("count", count),
		    KV_NUM("limit", limit));
}

/* 0 where the span does not hold it: it was sliced to hold all. */
static uint64_t ulong_at(const struct kimage *k, struct span s, uint64_t off)
{
	uint64_t v = 0;

	return kimage_ulong(k, s, off, &v) ? v : 0;
}

static uint32_t u16_at(const struct kimage *k, struct span s, uint64_t off)
{
	uint16_t v = 0;

	return span_u16(s, off, kimage_big(k), &v) ? v : 0;
}

static int kimage_add_segment(struct kimage *k, const struct layout *l,
			      struct span header, struct lkm_error **reterr)
{
	struct segment s = {
		.address = ulong_at(k, header, l->p_vaddr),
		.offset = ulong_at(k, header, l->p_offset),
		.file_size = ulong_at(k, header, l->p_filesz),
		.memory_size = ulong_at(k, header, l->p_memsz),
	};
	uint64_t size = k->source->size;

	if (s.offset > size || s.file_size > size - s.offset)
		return FAIL(reterr, VMLINUX_TRUNCATED, KV_STR("file", k->file),
			    KV_STR("what", "a segment"),
			    KV_NUM("length", s.file_size),
			    KV_NUM("offset", s.offset), KV_NUM("size", size));
	if (s.memory_size < s.file_size ||
	    s.address + s.memory_size - (s.memory_size != 0) < s.address)
		return kimage_broken(k, "program header table",
				     "a segment wraps around", reterr);
	k->segments[k->segment_count++] = s;
	return 0;
}

static int kimage_read_segments(struct kimage *k, struct lkm_error **reterr)
{
	const struct layout *l = &layouts[k->elf.header.is_64];
	struct span head, table, entry;
	uint64_t count, offset;
	uint32_t type;
	int rc;

	/* elf_open() has read this much already. */
	rc = elf_slice(&k->elf, 0, l->phnum + 2, "the ELF header", &head,
		       reterr);
	if (rc < 0)
		return rc;
	count = u16_at(k, head, l->phnum);
	offset = ulong_at(k, head, l->phoff);
	if (count && u16_at(k, head, l->phentsize) != l->size)
		return kimage_broken(k, "program header table",
				     "its entries have a wrong size", reterr);
	if (count > KIMAGE_SEGMENTS_MAX)
		return kimage_limit(k, "segments", count, KIMAGE_SEGMENTS_MAX,
				    reterr);
	rc = elf_slice(&k->elf, offset, count * l->size,
		       "the program header table", &table, reterr);
	if (rc < 0)
		return rc;
	k->elf_size = offset + count * l->size;
	for (uint64_t i = 0; i < count; i++) {
		if (!span_slice(table, i * l->size, l->size, &entry) ||
		    !span_u32(entry, 0, kimage_big(k), &type) ||
		    type != PT_LOAD)
			continue;
		rc = kimage_add_segment(k, l, entry, reterr);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The ELF file ends where its last part ends; objcopy puts the headers there.
 */
static void kimage_find_end(struct kimage *k)
{
	uint64_t size = k->source->size, end;
	struct lkm_section s;

	for (size_t i = 0; i < k->segment_count; i++)
		k->elf_size = MAX_OF(k->elf_size,
				     k->segments[i].offset +
					     k->segments[i].file_size);
	end = (uint64_t)(k->elf.table.data - k->source->data) +
	      k->elf.table.size;
	k->elf_size = MAX_OF(k->elf_size, end);
	for (uint32_t i = 1; i < k->elf.count; i++) {
		elf_section(&k->elf, i, &s);
		if (s.type == SHT_NOBITS || s.offset > size ||
		    s.size > size - s.offset)
			continue;
		k->elf_size = MAX_OF(k->elf_size, s.offset + s.size);
	}
}

int kimage_open_elf(struct kimage *k, struct lkm_error **reterr)
{
	int rc = elf_open(&k->elf, k->source, k->file, reterr);

	if (rc < 0)
		return rc;
	if (k->elf.header.type != ET_EXEC && k->elf.header.type != ET_DYN)
		return FAIL(reterr, VMLINUX_FORMAT, KV_STR("file", k->file),
			    KV_STR("problem", "it is an ELF file, but no "
					      "program"));
	rc = kimage_read_segments(k, reterr);
	if (rc < 0)
		return rc;
	kimage_find_end(k);
	return 0;
}

void kimage_open_arm64(struct kimage *k)
{
	k->is_raw = true;
	k->elf = (struct elf){
		.source = k->source,
		.file = k->file,
		.header = { .is_64 = true, .machine = EM_AARCH64 },
	};
	k->elf_size = k->source->size;
}

static const struct segment *segment_of(const struct kimage *k,
					uint64_t address)
{
	for (size_t i = 0; i < k->segment_count; i++) {
		const struct segment *s = &k->segments[i];

		if (address >= s->address &&
		    address - s->address < s->memory_size)
			return s;
	}
	return NULL;
}

bool kimage_has(const struct kimage *k, uint64_t address)
{
	return segment_of(k, address) != NULL;
}

bool kimage_bytes(const struct kimage *k, uint64_t address, uint64_t size,
		  struct span *ret)
{
	const struct segment *s = segment_of(k, address);
	uint64_t at = s ? address - s->address : 0;

	if (!s || at > s->file_size || size > s->file_size - at)
		return false;
	return source_slice(k->source, s->offset + at, size, ret);
}

bool kimage_rest(const struct kimage *k, uint64_t address, uint64_t limit,
		 struct span *ret)
{
	const struct segment *s = segment_of(k, address);
	uint64_t at = s ? address - s->address : 0;

	if (!s || at >= s->file_size)
		return false;
	return source_slice(k->source, s->offset + at,
			    MIN_OF(s->file_size - at, limit), ret);
}

bool kimage_name(const struct kimage *k, uint64_t address, size_t limit,
		 const char **ret)
{
	struct span bytes;
	const char *name;

	if (!kimage_rest(k, address, limit, &bytes) ||
	    !span_string(bytes, 0, &name))
		return false;
	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return false;
	}
	*ret = name;
	return true;
}

bool kimage_address(const struct kimage *k, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < k->segment_count; i++) {
		const struct segment *s = &k->segments[i];

		if (offset < s->offset || offset - s->offset >= s->file_size)
			continue;
		*ret = s->address + (offset - s->offset);
		return true;
	}
	return false;
}

uint64_t kimage_wrap(const struct kimage *k, uint64_t address)
{
	return k->elf.header.is_64 ? address : (uint32_t)address;
}
