// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding kallsyms by its form: the addresses.
#include "vmlinux/kallsyms.h"

#include <elf.h>

/* Of arm64: pages of the smallest size, and what a kernel is aligned to. */
#define PAGE ((uint64_t)4 << 10)
#define KERNEL ((uint64_t)2 << 20)

static uint64_t align(uint64_t at, unsigned int to)
{
	return (at + to - 1) & ~(uint64_t)(to - 1);
}

static bool word_at(const struct kallsyms *k, uint64_t at, uint64_t *ret)
{
	uint32_t v;

	if (k->word == 8)
		return span_u64(k->all, at, k->is_big_endian, ret);
	if (!span_u32(k->all, at, k->is_big_endian, &v))
		return false;
	*ret = v;
	return true;
}

uint64_t kallsyms_address(const struct kallsyms *k, uint32_t i)
{
	uint64_t address = 0;
	uint32_t offset = 0;

	if (k->form == KALLSYMS_ABSOLUTE) {
		(void)word_at(k, k->addresses_at + (uint64_t)i * k->word,
			      &address);
		return address;
	}
	(void)span_u32(k->all, k->addresses_at + (uint64_t)i * 4,
		       k->is_big_endian, &offset);
	if (k->form == KALLSYMS_RELATIVE)
		address = k->base + offset;
	else if ((int32_t)offset >= 0)
		return offset;
	else
		address = k->base - 1 - (uint64_t)(int64_t)(int32_t)offset;
	return k->word == 8 ? address : (uint32_t)address;
}

/* Symbols are sorted by address, and the base is that of the first. */
static bool addresses_fit(struct kallsyms *k)
{
	uint64_t last = 0, address;
	bool has_base = k->form == KALLSYMS_ABSOLUTE;

	if (!kallsyms_burn(k, k->count))
		return false;
	for (uint32_t i = 0; i < k->count; i++) {
		address = kallsyms_address(k, i);
		if (address < last)
			return false;
		has_base |= address == k->base;
		last = address;
	}
	/* A table of nothing is sorted too. */
	return has_base && last;
}

static bool has_negative(const struct kallsyms *k)
{
	uint32_t offset;

	for (uint32_t i = 0; i < k->count; i++) {
		if (!span_u32(k->all, k->addresses_at + (uint64_t)i * 4,
			      k->is_big_endian, &offset))
			return false;
		if (offset >> 31)
			return true;
	}
	return false;
}

/*
 * A pointer in a relocatable arm64 kernel is 0 in the file, its value is in an
 * entry of .rela.dyn (Elf64_Rela: place, R_AARCH64_RELATIVE, value).  The file
 * begins at a multiple of 2 MB (MIN_KIMG_ALIGN) and the base, _text or _stext,
 * is on the first pages of it: that gives the entry away.
 */
static bool base_from_rela(struct kallsyms *k, uint64_t base_at)
{
	uint64_t place, type, value;

	if (!kallsyms_burn(k, k->all.size / 16))
		return false;
	for (uint64_t at = 0; span_u64(k->all, at + 16, false, &value);
	     at += 8) {
		if (span_u64(k->all, at + 8, false, &type) &&
		    type == R_AARCH64_RELATIVE &&
		    span_u64(k->all, at, false, &place) &&
		    !(value & (PAGE - 1)) &&
		    place - base_at == (value & ~(KERNEL - 1))) {
			k->base = value;
			return true;
		}
	}
	return false;
}

/* Offsets at @at with their base at @base_at, both inside of the bytes. */
static bool relative_fits(struct kallsyms *k, uint64_t at, uint64_t base_at)
{
	struct span table;

	if (!span_slice(k->all, at, (uint64_t)k->count * 4, &table) ||
	    !word_at(k, base_at, &k->base))
		return false;
	if (!k->base && !(k->is_unrelocated && base_from_rela(k, base_at)))
		return false;
	k->addresses_at = at;
	k->form = KALLSYMS_RELATIVE;
	if (addresses_fit(k))
		return true;
	k->form = KALLSYMS_PERCPU;
	return has_negative(k) && addresses_fit(k);
}

static bool absolute_fits(struct kallsyms *k, uint64_t at)
{
	struct span table;

	if (!span_slice(k->all, at, (uint64_t)k->count * k->word, &table))
		return false;
	k->addresses_at = at;
	k->base = 0;
	k->form = KALLSYMS_ABSOLUTE;
	return addresses_fit(k);
}

bool kallsyms_find_addresses(struct kallsyms *k)
{
	uint64_t behind = k->index_at + 256 * 2;
	uint64_t size = (uint64_t)k->count * 4;

	/*
	 * Labels are aligned to a word or, on some, to 4 bytes.  The larger
	 * first: half a base and half of what is beside it looks like one too.
	 */
	for (unsigned int to = k->word; to >= 4; to -= 4) {
		uint64_t at = align(behind, to);
		uint64_t before = align(size, to) + k->word;

		if (relative_fits(k, at, align(at + size, to)))
			return true;
		if (k->count_at >= before &&
		    relative_fits(k, k->count_at - before,
				  k->count_at - k->word))
			return true;
	}
	size = (uint64_t)k->count * k->word;
	return absolute_fits(k, align(behind, k->word)) ||
	       (k->count_at >= size && absolute_fits(k, k->count_at - size));
}
