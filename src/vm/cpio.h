// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing an initramfs: a newc cpio archive, uncompressed, in memory.
#pragma once

#include <lkm/error.h>

#include "base/arena.h"
#include "base/map.h"

struct archive;
struct archive_entry;
struct cpio_calls;

/*
 * Parents are made as needed.  A path that is there already is left as it
 * was: the first to add it wins.
 */
struct cpio {
	const struct cpio_calls *calls;
	struct archive *archive;
	struct archive_entry *entry;
	struct map seen;
	struct arena names;
	int fd; /* a memory file */
};

/* All: 0 or a negative code.  @path is absolute. */
int cpio_init(struct cpio *c, struct lkm_error **reterr);
int cpio_add_dir(struct cpio *c, const char *path, struct lkm_error **reterr);
int cpio_add_link(struct cpio *c, const char *path, const char *target,
		  struct lkm_error **reterr);
int cpio_add_bytes(struct cpio *c, const char *path, unsigned int mode,
		   const void *bytes, size_t size, struct lkm_error **reterr);
/* The content of regular file @host. */
int cpio_add_file(struct cpio *c, const char *path, const char *host,
		  struct lkm_error **reterr);
bool cpio_has(const struct cpio *c, const char *path);
/* The archive is whole; *@ret_size: its bytes. */
int cpio_finish(struct cpio *c, size_t *ret_size, struct lkm_error **reterr);
void cpio_release(struct cpio *c);

#define _cleanup_cpio_ _cleanup_(cpio_release)
