// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a kept kernel.  The hashes are put right where sizes allow, or
// nothing would ever get past them.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmlinux/kept-file.h"
#include "vmlinux/kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct file_id id = { 1, 2, 3, 4, 5 };

/* Hashes of what the sizes in the tail say, if they fit. */
static void put_right(uint8_t *bytes, size_t size)
{
	struct kept_tail t;
	uint64_t pages, symbols, at;

	if (size < sizeof(t))
		return;
	memcpy(&t, bytes + size - sizeof(t), sizeof(t));
	t.magic = KEPT_MAGIC;
	t.version = KEPT_VERSION;
	t.id = id;
	pages = (t.elf_size + KEPT_PAGE - 1) / KEPT_PAGE;
	symbols = t.symbol_count * sizeof(struct kept_symbol) + t.names_size;
	if (t.elf_size < size && t.symbol_count < size && t.names_size < size &&
	    t.elf_size + symbols + pages * 8 + sizeof(t) == size) {
		at = t.elf_size + symbols;
		/* One page stays wrong where its hash begins with an odd byte
		 */
		for (uint64_t i = 0; i < pages; i++) {
			uint64_t hash = cache_hash(
				i, bytes + i * KEPT_PAGE,
				MIN_OF(KEPT_PAGE, t.elf_size - i * KEPT_PAGE));

			if (!(bytes[at + i * 8] & 1))
				memcpy(bytes + at + i * 8, &hash, 8);
		}
		t.symbols_hash = cache_hash(1, bytes + t.elf_size, symbols);
		t.hashes_hash = cache_hash(0, bytes + at, pages * 8);
	}
	t.hash = kept_tail_hash(&t);
	memcpy(bytes + size - sizeof(t), &t, sizeof(t));
}

static void look(int original)
{
	struct source source = { .fd = -1 };
	struct kept kept = { .fd = -1 };
	struct arena arena = { 0 };
	struct unpacked unpacked;
	struct ksyms symbols = { 0 };
	struct span all;

	if (kept_open(original, &id, &arena, &source, &kept, &unpacked)) {
		bool whole = source_all(&source, &all);
		size_t sum = strlen(unpacked.payload);

		if (kept_symbols(&kept, &arena, &symbols))
			for (size_t i = 0; i < symbols.count; i++)
				sum += strlen(symbols.items[i].name);
		if (sum == SIZE_MAX)
			abort();
		/* What was read is what is kept. */
		if (whole)
			kept_save(&id, all, &symbols, &unpacked);
	}
	kept_release(&kept);
	source_release(&source);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/tmp/lkm-fuzz-XXXXXX", name[KEPT_NAME_SIZE];
	char kernels[sizeof(folder) + sizeof("/kernels")];
	const struct cache_piece piece = { data, size };
	struct cache_place place;
	uint8_t *copy = malloc(size + 1);
	int original;

	if (!copy || !mkdtemp(folder) || setenv("LKM_CACHE_DIR", folder, 1))
		abort();
	memcpy(copy, data, size);
	put_right(copy, size);
	place = cache_place_open("kernels");
	kept_name(&id, name);
	if (cache_put(&place, name, &(struct cache_piece){ copy, size }, 1) <
		    0 ||
	    cache_put(&place, "original", &piece, 1) < 0)
		abort();
	original = openat(place.dir, "original", O_RDONLY | O_CLOEXEC);
	look(original);
	look(original);
	close(original);
	unlinkat(place.dir, name, 0);
	unlinkat(place.dir, "original", 0);
	cache_place_close(&place);
	/* The fuzzer's own paths may be relative: stay where we are. */
	snprintf(kernels, sizeof(kernels), "%s/kernels", folder);
	if (rmdir(kernels) < 0 || rmdir(folder) < 0)
		abort();
	free(copy);
	return 0;
}
