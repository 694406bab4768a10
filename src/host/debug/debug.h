// SPDX-License-Identifier: GPL-2.0-only
// For a debugger that is attached: the kernel and its modules as ELF files.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define DEBUG_NAME_MAX 56 /* MODULE_NAME_LEN */

/* Where the kernel has put a section of a module's file. */
struct debug_place {
	uint64_t address;
	uint32_t sequence; /* modules_sequence_at(): another's by now? */
};

struct debug_module {
	char name[DEBUG_NAME_MAX];
	int file; /* of which it was loaded; -1: not known */
	struct debug_place *places;
	size_t count;
};

/*
 * debug.c: begin and end are counted.  Lost: who began is gone, and may have
 * left its debugger behind; all stays as it is until somebody else's end.
 */
void debug_begin(void);
void debug_end(void);
void debug_lost(void);
/*
 * The code at @ip as it was before a debugger put a break point there: at an
 * instruction that faults it does so by itself, when it is stepped over.
 */
const uint8_t *debug_code(uint64_t ip);
/* Of such an instruction, when @next is where it goes on */
void debug_goes_on(uint64_t ip, uint64_t next);
void debug_module_coming(const void *module);
void debug_module_going(const void *module);

/* debug/file.c: false where it cannot be made */
bool debug_kernel_file(struct strbuf *ret);
bool debug_module_file(const struct debug_module *m, struct strbuf *ret);
/* Code at @address as it is in such a file; NULL: it is not of that. */
const uint8_t *debug_file_code(const struct strbuf *file, uint64_t address);

/* debug/frames.c: the kernel's own table of stack frames (ORC), in memory */
struct orc_table {
	uint64_t ips, ips_end, rows, rows_end;
	uint64_t text_end; /* of what the last row describes */
};
/* The same as a .debug_frame section; false: no such table, or no memory. */
bool debug_frames(const struct orc_table *t, struct strbuf *ret);
