// SPDX-License-Identifier: LGPL-2.1-or-later
// Places in a module's code as lines of its source.
#pragma once

#include <lkm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: source lines
 *
 * An oops names a place as symbol+offset; a &struct lkm_lines turns it into
 * file:line with the debug information (DWARF) of the module's file, or of the
 * file that a distribution keeps for its build id or path below /usr/lib/debug.
 * The file's bytes are not trusted; libdw reads them, which is loaded when
 * first needed.  One of these is not for use by two threads at once.
 */
struct lkm_lines;

/** struct lkm_line - a place in source text */
struct lkm_line {
	const char *function; /**< NULL: not told */
	const char *file;     /**< as the compiler was given it */
	uint32_t line;	      /**< from 1 */
};

/**
 * lkm_lines_open() - read a module's debug information
 * @path: module file, compressed or not
 *
 * Return: 0; lines.library.missing, lines.debug.absent;
 * image.*, sys.failed
 */
int lkm_lines_open(const char *path, struct lkm_lines **ret,
		   struct lkm_error **reterr);
/** lkm_lines_free() - free @lines; NULL is fine */
void lkm_lines_free(struct lkm_lines *lines);
/**
 * lkm_lines_find() - the source of an instruction
 * @symbol: a function's name as the kernel prints it
 * @offset: of the instruction in it.  A return address is behind its call: give
 *	one less than what a call trace says.
 * @ret: the line first; then, where it was inlined, that of each call which
 *	brought it there.  Belongs to @lines, until the next call.
 *
 * Return: how many lines, 0: the file does not tell; negative on failure
 */
int lkm_lines_find(struct lkm_lines *lines, const char *symbol, uint64_t offset,
		   const struct lkm_line **ret, struct lkm_error **reterr);

#ifdef __cplusplus
}
#endif
