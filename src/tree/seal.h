// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksums that lkm puts behind an index, for its own readers.
#pragma once

#include "base/source.h"
#include "base/strbuf.h"

/*
 * DOC: the format of a modules.*.bin has no checksum: a letter that changed
 * inside a name makes another sound index.  Its readers follow offsets and look
 * at nothing that stands behind the last node, so there is room.  All numbers
 * have their most significant byte first:
 *
 *   u32 checksum of each 4096 bytes of the index, the last of what is left
 *   u32 size of the index
 *   u32 checksum of the two above
 *   u32 SEAL_MAGIC
 *
 * A checksum is a CRC-32C.  The root's word has SEAL_FOLLOWS, which readers
 * ignore too: where the seal was cut off, it is missed.  (The minor version
 * would say as much, but not every reader looks only at the major one.)
 */
#define SEAL_FOLLOWS 0x10000000
#define SEAL_MAGIC 0x6c6b6d31 /* "lkm1"; an index itself ends in a NUL */

/* Seal the index that stands at @start of @b.  0 or -ENOMEM. */
int seal_add(struct strbuf *b, size_t start) _must_check_;

enum seal {
	SEAL_NONE,
	SEAL_SOUND,
	SEAL_DAMAGED,
	SEAL_UNREADABLE, /* as @s->error says; also when a page is not sound */
};

/*
 * Is the file sealed?  When it is, from now on it ends where the index does,
 * and its pages are checked when they are read.
 */
enum seal seal_find(struct source *s);
