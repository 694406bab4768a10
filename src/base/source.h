// SPDX-License-Identifier: LGPL-2.1-or-later
// The bytes of one file, read when first asked for, never mapped.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "base/span.h"

/*
 * DOC: a file is read by pread into ordinary memory, 4 KiB pages at a time
 * and only where someone asks.  A mapping would be fewer lines, but a file
 * that is truncated while mapped kills the process with SIGBUS.  Pages that
 * were read never change or move until source_release(), so spans and strings
 * taken from the source stay valid that long.
 */
/* Is page @page of a file what was written? */
typedef bool (*source_check_fn)(const void *ctx, uint64_t page,
				struct span bytes);

struct source {
	uint8_t *data;
	uint64_t size;
	int fd;		 /* -1: all of @data is present */
	int error;	 /* errno of a failed read, ENODATA: file shrank, */
			 /* EBADMSG: a page did not pass its check */
	uint8_t *have;	 /* bit per page: present */
	uint64_t mapped; /* bytes of the anonymous mapping, 0: malloc'd */
	uint64_t reads;	 /* preads made, for tests and `--verbose` */
	source_check_fn check; /* NULL: all pages pass */
	const void *check_ctx;
};

/*
 * Zero-initialise.  All functions return 0 or a negative errno.
 * source_open_fd() borrows @fd, which must stay open; regular files only
 * (-EISDIR, -EINVAL else); -EFBIG above @limit bytes.
 */
int source_open_fd(struct source *s, int fd, uint64_t limit) _must_check_;
/* As above, and what fstat(2) said; set too when the kind or size is wrong. */
int source_open_stat(struct source *s, int fd, struct stat *ret, uint64_t limit)
	_must_check_;
/* As above with fstat(2) already done. */
int source_open_size(struct source *s, int fd, uint64_t size) _must_check_;
/* Take over @data from malloc(). */
void source_from_heap(struct source *s, uint8_t *data, uint64_t size);
/* Borrow bytes that outlive the source. */
void source_from_span(struct source *s, struct span bytes);
/*
 * From now on the file ends at @size, which is not beyond its end, and a page
 * can be had only when @check finds it sound.  Those that were read before are
 * looked at now: false when one is not.
 */
bool source_check(struct source *s, uint64_t size, source_check_fn check,
		  const void *ctx) _must_check_;
/*
 * Forget this file but keep the memory for the next: for readers of many
 * files.  source_open_size() after it reuses the mapping where it is large
 * enough.  Spans into the old file become invalid.
 */
void source_recycle(struct source *s);
void source_release(struct source *s);

/* Bytes [off, off + len): false beyond the end (error 0) or when unreadable. */
bool source_slice(struct source *s, uint64_t off, uint64_t len,
		  struct span *ret);
/* As above into memory of the caller's; what was not read yet is not kept. */
bool source_copy(struct source *s, uint64_t off, uint64_t len, void *to);
/* The whole file. */
bool source_all(struct source *s, struct span *ret);
/* The string at @off, its NUL before @end (exclusive). */
bool source_string(struct source *s, uint64_t off, uint64_t end,
		   const char **ret);

#define _cleanup_source_ _cleanup_(source_release)
