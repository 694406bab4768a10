// SPDX-License-Identifier: LGPL-2.1-or-later
// The layout of the cache's file: header, strings, records, numbers.
#pragma once

#include <stdint.h>

#include "tree/names.h"
#include "tree/scan.h"

/*
 * In the byte order of the machine (another one does not know the magic).
 * Strings: the names, then the path of each record, each with its NUL.
 * Numbers: of names; for each record as many as its counts say.
 * Raise the version with any change of layout or of what is extracted.
 */
#define CACHE_MAGIC 0x6d6b6c65686361ffULL
#define CACHE_VERSION 1

struct cache_header {
	uint64_t magic, version;
	uint64_t time; /* seeds the hash too */
	uint64_t hash; /* of all that follows the header */
	uint64_t string_bytes, name_count, entry_count, id_count;
};

struct cache_record {
	struct file_id id;
	uint32_t counts[FACT_KINDS];
	uint32_t unused;
};
