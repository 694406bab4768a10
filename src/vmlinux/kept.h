// SPDX-License-Identifier: LGPL-2.1-or-later
// An unpacked kernel and its symbols, kept for the next time.
#pragma once

#include "base/cache.h"
#include "vmlinux/kallsyms.h"
#include "vmlinux/unpack.h"

/*
 * DOC: unpacking a kernel and finding its symbols takes longer than starting
 * it.  Both are kept, by the identity of the file that they came from.  Each
 * page is held against its hash when it is read, so that of 60 MB only what is
 * asked for is read.
 */

/* What is known of the kept file. */
struct kept {
	int fd; /* -1: nothing is kept */
	struct file_id id;
	uint64_t *hashes; /* the arena's */
	/* To read the original again, should a page be damaged. */
	int original;
	struct source whole;
	uint64_t elf_size;
	uint64_t symbols_at, symbol_count, names_size, symbols_hash;
};

/*
 * Look for what was kept of the open file @original, which is @id and at rest.
 * true: @source reads from it through @ret, which stays where it is until
 * kept_release(), as does @original; *@ret_unpacked is as unpack() had it.
 * false: not there or not sound.  Damage that is met later is mended from the
 * original, and the kept file is given up.
 */
bool kept_open(int original, const struct file_id *id, struct arena *arena,
	       struct source *source, struct kept *ret,
	       struct unpacked *ret_unpacked);
void kept_release(struct kept *kept);
/* false: damaged, as above. */
bool kept_symbols(struct kept *kept, struct arena *arena, struct ksyms *ret);
/* Keep an unpacked kernel.  A failure costs time at the next start. */
void kept_save(const struct file_id *id, struct span elf,
	       const struct ksyms *symbols, const struct unpacked *unpacked);
