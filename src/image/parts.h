// SPDX-License-Identifier: LGPL-2.1-or-later
// What a module's ELF sections say, read into an arena.
#pragma once

#include <lkm/image.h>

#include "base/arena.h"
#include "image/codec.h"
#include "image/elf-file.h"

/* A module file, compressed or not; larger ones are refused. */
#define IMAGE_FILE_MAX CODEC_SIZE_MAX

/* The sections that hold facts for lkm; a missing one has type 0. */
struct parts {
	struct lkm_section modinfo;
	struct lkm_section versions;
	struct lkm_section ext_names; /* since v6.14, EXTENDED_MODVERSIONS */
	struct lkm_section ext_crcs;
	struct lkm_section strings; /* __ksymtab_strings */
	uint64_t ksymtab_size;	    /* __ksymtab and __ksymtab_gpl */
	uint64_t kcrctab_size;	    /* __kcrctab and __kcrctab_gpl */
};

void parts_find(const struct elf *e, struct parts *ret);

int modinfo_read(const struct elf *e, const struct parts *p, struct arena *out,
		 const struct lkm_modinfo **ret, size_t *ret_count,
		 struct lkm_error **reterr);

/* struct modversion_info: an unsigned long, and the name in the rest of it. */
#define VERSION_SIZE 64

struct needs {
	struct lkm_need *items;
	size_t count;
};

/*
 * Symbol versions as needs without the weak mark: the extended ones where the
 * file has them, else __versions.  Names are copied.
 */
int versions_read(const struct elf *e, const struct parts *p, struct arena *out,
		  struct needs *ret, struct lkm_error **reterr);

/*
 * Exported names by __ksymtab_strings alone.  Return 1; 0 where the section
 * can't be told apart into names and namespaces (nothing is returned then).
 */
int exports_names(const struct elf *e, const struct parts *p, struct arena *out,
		  const char *const **ret, size_t *ret_count,
		  struct lkm_error **reterr);

/* 1 and *@ret, 0 where the file has none. */
int signature_find(const struct elf *e, struct lkm_signature *ret,
		   struct lkm_error **reterr);
int build_id_find(const struct elf *e, struct span *ret,
		  struct lkm_error **reterr);

/* Decompress @file into @codec where it is compressed: 1, or 0 where not. */
int image_decode(struct source *file, struct codec *codec, const char *name,
		 enum lkm_compression *ret, struct lkm_error **reterr);
/* All of a file that is about to be decompressed. */
int image_read_all(struct source *file, const char *name, struct span *ret,
		   struct lkm_error **reterr);
/* The error for a failed source_open_*(). */
int image_open_failed(int err, const char *name, uint64_t size,
		      struct lkm_error **reterr);
