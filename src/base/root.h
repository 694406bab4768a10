// SPDX-License-Identifier: LGPL-2.1-or-later
// Absolute paths below a root directory that may not be this machine's own.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

/*
 * DOC: without a root (NULL or "/") a path goes to the ordinary libc call as
 * it is, so that fakechroot and other interposing libraries see it.  With one,
 * openat2(RESOLVE_IN_ROOT) keeps symbolic links inside; a kernel or sandbox
 * without openat2 gets root + path instead (links may then lead out).
 */
struct root {
	char *path; /* NULL: this machine's own; else without trailing slash */
	int fd;	    /* -1 when @path is NULL */
};

#define ROOT_HOST ((struct root){ NULL, -1 })

/* 0 or negative errno.  @path NULL, "" or "/": this machine's own root. */
int root_open(struct root *r, const char *path) _must_check_;
void root_release(struct root *r);

/* open(2) of absolute @path; O_CLOEXEC is added.  fd or negative errno. */
int root_openat(const struct root *r, const char *path, int flags) _must_check_;
/* As above with O_CREAT: the parent's links are resolved in the root. */
int root_create(const struct root *r, const char *path, int flags, int mode)
	_must_check_;
/* The host's name of absolute @path, for messages and exec; malloc'd. */
char *root_name(const struct root *r, const char *path) _must_check_;
bool root_is_host(const struct root *r);

/*
 * Names in a directory, sorted by strcmp, without "." and "..".
 * 0 or negative errno (-ENOMEM, -ENOENT, -E2BIG above @limit names).
 * Free each and the array, or use root_free_names().
 */
int root_list(const struct root *r, const char *path, size_t limit,
	      char ***ret_names, size_t *ret_count) _must_check_;
void root_free_names(char **names, size_t count);

/*
 * A whole small file, NUL-terminated behind its end; for /proc and /sys too,
 * whose files have no size.  0 or negative errno (-EFBIG above @limit).
 */
int root_read(const struct root *r, const char *path, size_t limit, char **ret,
	      size_t *ret_size) _must_check_;
int fd_read_all(int fd, size_t limit, char **ret, size_t *ret_size)
	_must_check_;
/* All of @bytes, or negative errno. */
int fd_write_all(int fd, const void *bytes, size_t size) _must_check_;
/* Like mkdir -p, mode 0755, of absolute @path.  0 or negative errno. */
int root_mkdirs(const struct root *r, const char *path) _must_check_;

#define _cleanup_root_ _cleanup_(root_release)
