// SPDX-License-Identifier: GPL-2.0-only
// Module files for a process that opens none: another reads them for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct bytes {
	char *data;
	size_t size, mapped;
};

void bytes_release(struct bytes *b);
/* The file's bytes and two more, for the caller to use.  Opens it itself. */
int bytes_read(const char *path, struct bytes *ret);

/* In the process that may open files: answers until the others are gone. */
void modfile_serve(int fd);
/* In the others: where to ask. */
void modfile_ask_at(int fd);
/* A module as init_module(2) wants it; *ret_shared: it is kept, not to free */
int modfile_read(const char *path, struct bytes *ret, bool *ret_shared);
/* Reads one that many copies of this process will want. */
void modfile_keep(const char *path);
