// SPDX-License-Identifier: LGPL-2.1-or-later
// The facts that an index needs of one module file, fast, for thousands.
#pragma once

#include <lkm/image.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/source.h"
#include "image/codec.h"

/*
 * What is kept from file to file so that each costs few system calls and no
 * allocation: one per thread, zero-initialised.
 */
struct image_scratch {
	struct source file;
	struct codec codec;
};

void image_scratch_release(struct image_scratch *s);

/* All in the arena that was given. */
struct image_extract {
	struct stat stat; /* of the file that was read */
	enum lkm_compression compression;
	/* All of .modinfo, in file order. */
	const struct lkm_modinfo *modinfo;
	size_t modinfo_count;
	/* Exported names, each once, in file order. */
	const char *const *exports;
	size_t export_count;
	/*
	 * Undefined symbols in the order of the symbol table, then those that
	 * only __versions has; without CRCs.  Not in the order of __versions:
	 * kmod's topological sort follows the symbol table, and 39 lines of
	 * 6.1's modules.dep differ with the other.
	 */
	const struct lkm_need *needs;
	size_t need_count;
};

/* For opening a module: neither wait for a FIFO's writer nor wake a device. */
#define IMAGE_OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/*
 * Read the module file @fd, which stays the caller's.  @name is what messages
 * call it.  Nothing in @ret refers to @s or to the file.
 *
 * Names of __versions are read only where there are not exactly as many as
 * undefined symbols, and module_layout.
 *
 * Return: 0; sys.failed, image.*
 */
int image_extract(struct image_scratch *s, int fd, const char *name,
		  struct arena *out, struct image_extract *ret,
		  struct lkm_error **reterr);
