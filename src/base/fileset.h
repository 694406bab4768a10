// SPDX-License-Identifier: LGPL-2.1-or-later
// Several files of one directory, replaced together.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/root.h"

/*
 * DOC: every file goes to a temporary name and is synced; when all are, a
 * journal (FILESET_JOURNAL) is written that lists them, then the renames are
 * made, then the journal is removed.  A full disk before the journal leaves
 * the old set.  A kill after it leaves the journal: every file is whole, old
 * or new, and whoever comes next (fileset_begin(), fileset_recover()) makes
 * the remaining renames.  fileset_begin() locks the directory against others.
 */
#define FILESET_JOURNAL ".lkm-journal"
#define FILESET_MAX 64

struct fileset;

/* All return 0 or a negative errno. */

/* Open directory @dir for replacing files; waits for another writer's lock. */
int fileset_begin(const struct root *r, const char *dir, struct fileset **ret)
	_must_check_;
/*
 * Put @bytes to a temporary file that becomes @name (no '/').  A file that has
 * this content already is left alone, its mtime too.
 */
int fileset_add(struct fileset *fs, const char *name, const void *bytes,
		size_t size, int mode) _must_check_;
/* @name is to be removed with the set's renames. */
int fileset_remove(struct fileset *fs, const char *name) _must_check_;
/* Sync and rename all.  *@ret_changed: files that really changed (or NULL). */
int fileset_commit(struct fileset *fs, size_t *ret_changed) _must_check_;
/* Unlock and free; what was not committed disappears.  NULL is fine. */
void fileset_end(struct fileset *fs);

/* Is there a journal of a writer that was killed? */
bool fileset_is_torn(const struct root *r, const char *dir);
/* Finish a killed writer's renames, under the lock. */
int fileset_recover(const struct root *r, const char *dir) _must_check_;

static inline void fileset_endp(struct fileset **fs)
{
	fileset_end(*fs);
}

#define _cleanup_fileset_ _cleanup_(fileset_endp)
