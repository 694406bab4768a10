// SPDX-License-Identifier: LGPL-2.1-or-later
// The unpacked bytes of a kernel, by file offset and by link address.
#pragma once

#include <lkm/vmlinux.h>

#include "base/arena.h"
#include "base/source.h"
#include "image/elf-file.h"

/* Program headers; x86-64 has 5. */
#define KIMAGE_SEGMENTS_MAX 64

/* Bytes [offset, offset + file_size) of the file are at @address. */
struct segment {
	uint64_t address;
	uint64_t offset;
	uint64_t file_size;
	uint64_t memory_size;
};

/*
 * @elf has no sections where the image is no ELF file (arm64's Image): then
 * its class, byte order and machine are what is known of that format.
 */
struct kimage {
	const char *file; /* what messages call it */
	struct source *source;
	struct elf elf;
	bool is_raw;
	struct segment segments[KIMAGE_SEGMENTS_MAX];
	size_t segment_count;
	uint64_t elf_size; /* of the ELF file; what follows is appended */
};

/* Read headers; @k->file and ->source are set. */
int kimage_open_elf(struct kimage *k, struct lkm_error **reterr);
void kimage_open_arm64(struct kimage *k);

static inline unsigned int kimage_word(const struct kimage *k)
{
	return k->elf.header.is_64 ? 8 : 4;
}

static inline bool kimage_big(const struct kimage *k)
{
	return k->elf.header.is_big_endian;
}

/* An unsigned long at @off. */
static inline bool kimage_ulong(const struct kimage *k, struct span s,
				uint64_t off, uint64_t *ret)
{
	uint32_t v;

	if (k->elf.header.is_64)
		return span_u64(s, off, kimage_big(k), ret);
	if (!span_u32(s, off, kimage_big(k), &v))
		return false;
	*ret = v;
	return true;
}

/* Bytes of the file at @address; false: not in the file, or unreadable. */
bool kimage_bytes(const struct kimage *k, uint64_t address, uint64_t size,
		  struct span *ret);
/* From @address on: @limit bytes, or to the end of its segment's part of the
 * file; false: as above. */
bool kimage_rest(const struct kimage *k, uint64_t address, uint64_t limit,
		 struct span *ret);
/*
 * The string at @address, shorter than @limit; false: none, or one with bytes
 * that a name in C has not.  It may be empty.
 */
bool kimage_name(const struct kimage *k, uint64_t address, size_t limit,
		 const char **ret);
/* Where the byte at @offset of the file is linked to. */
bool kimage_address(const struct kimage *k, uint64_t offset, uint64_t *ret);
/* Is @address that of the kernel's code or data, bss too? */
bool kimage_has(const struct kimage *k, uint64_t address);
/* What the CPU adds up: addresses of 32-bit kernels wrap at 4 GiB. */
uint64_t kimage_wrap(const struct kimage *k, uint64_t address);

/* The errors of all parts. */
int kimage_absent(const struct kimage *k, const char *part,
		  struct lkm_error **reterr);
int kimage_broken(const struct kimage *k, const char *part, const char *problem,
		  struct lkm_error **reterr);
int kimage_limit(const struct kimage *k, const char *what, uint64_t count,
		 uint64_t limit, struct lkm_error **reterr);
