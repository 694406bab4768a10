// SPDX-License-Identifier: LGPL-2.1-or-later
// The layout of a kept kernel.
#pragma once

#include "base/cache.h"

/*
 * The ELF file; struct kept_symbol for each symbol, then their names, each with
 * its NUL; a hash of each page of the ELF file; struct kept_tail.
 */
#define KEPT_MAGIC 0x6c6b6d6b65726e65ULL /* in this machine's byte order */
#define KEPT_VERSION 1
#define KEPT_PAGE ((uint64_t)4096)
#define KEPT_NAME_SIZE 24

struct kept_symbol {
	uint64_t address;
	uint32_t name; /* offset */
	uint32_t type;
};

struct kept_tail {
	uint64_t magic, version;
	struct file_id id;
	uint64_t elf_size, symbol_count, names_size;
	uint64_t kind; /* enum unpack_kind */
	char payload[16];
	uint64_t symbols_hash; /* of symbols and names */
	uint64_t hashes_hash;
	uint64_t hash; /* of this, but for this */
};

uint64_t kept_tail_hash(const struct kept_tail *tail);
/* What the file of @id is called. */
void kept_name(const struct file_id *id, char ret[static KEPT_NAME_SIZE]);
