// SPDX-License-Identifier: LGPL-2.1-or-later
// Directories of configuration files merged by name, and the lines of a file:
// what modprobe.d and depmod.d have in common.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lkm/error.h>

#include "base/arena.h"
#include "base/root.h"
#include "base/vec.h"

/* Generous for any configuration; each is a named error when passed. */
#define CONF_FILE_MAX ((size_t)4 << 20)	 /* bytes of one file */
#define CONF_LINE_MAX ((size_t)64 << 10) /* bytes of one joined line */
#define CONF_FILES_MAX ((size_t)4096)	 /* entries of one directory */

struct conf_file {
	const char *name; /* decides order and precedence */
	const char *path; /* below the root */
	bool asked;	  /* named by the user: its absence is a problem */
};

/* Zero-initialise.  Strings live in the set. */
struct conf_files {
	struct arena strings;
	VEC(struct conf_file) files; /* by name, then by precedence */
	size_t next;
	const char *taken; /* name of the last file that was given out */
};

/*
 * Add the files of /etc, /run, /usr/local/lib, /usr/lib and /lib + "/" +
 * @folder whose names end in ".conf" or @ending (may be NULL); with
 * @path_count, those of @paths (directories, or files of any name) instead.
 * 0; sys.failed, policy.limit.
 */
struct conf_search {
	const char *folder; /* "modprobe.d" */
	const char *ending; /* ".alias", or NULL */
	const char *const *paths;
	size_t path_count;
	bool only_paths; /* nothing else, even where there are none */
};
/* "/etc", "/run", ...: what has precedence first; NULL: no more. */
const char *conf_base(size_t i);
int conf_files_find(struct conf_files *f, const struct root *r,
		    const struct conf_search *s, struct lkm_error **reterr);
/* Add one file under @name; what was added earlier has precedence. */
bool conf_files_add(struct conf_files *f, const char *name, const char *path,
		    bool asked) _must_check_;
void conf_files_release(struct conf_files *f);

/* One file as read: either its text or why there is none. */
struct conf_text {
	const char *path;    /* lives in the set */
	const char *problem; /* "Permission denied", ...; NULL: none */
	char *text;	     /* malloc'd, NUL-terminated; NULL with @problem */
	size_t size;
};

/*
 * Read the next file, in order of the names; one that a file of the same name
 * and higher precedence hides is passed over, so is one that is masked (a
 * link to /dev/null).  Nothing that is not a regular file is read (or waited
 * for).  1: *@ret is set, free ->text; 0: the end; negative: sys.failed,
 * policy.limit.
 */
int conf_files_next(struct conf_files *f, const struct root *r,
		    struct conf_text *ret, struct lkm_error **reterr);

/*
 * Lines as kmod reads them (freadline_wrapped()): a '\\' before a newline
 * joins, before anything else it vanishes.
 */
struct conf_lines {
	char *text; /* is changed; one byte behind @size must be writable */
	size_t size;
	size_t pos;
	unsigned int number; /* lines consumed */
};

struct conf_line {
	char *text;	     /* NUL-terminated, in the file's memory */
	size_t size;	     /* more than strlen(): a NUL is in the line */
	unsigned int number; /* of its first physical line, from 1 */
};

#define CONF_LINES(t, n) ((struct conf_lines){ .text = (t), .size = (n) })

/* False at the end. */
bool conf_lines_next(struct conf_lines *l, struct conf_line *ret);
/*
 * The next word of *@rest between blanks and tabs, cut off in place; NULL at
 * the end.  *@rest then is what follows the one separator.
 */
char *conf_word(char **rest);

#define _cleanup_conf_files_ _cleanup_(conf_files_release)
