// SPDX-License-Identifier: LGPL-2.1-or-later
// What the kernel says: its log from a moment on, and what a line means.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/span.h"
#include "base/vec.h"
#include "diag/error.h"

/* More new lines than this are dropped, the oldest kept: a flood is no help. */
#define KMSG_LINES_MAX 512
#define KMSG_LINE_MAX 1024
/* Records are at most PRINTK_MESSAGE_MAX, 2048, plus what escaping adds. */
#define KMSG_RECORD_MAX 8192

/* The log, open at its end.  @error: 0, or the errno why it can't be read. */
struct kmsg {
	int fd;
	int error;
};

struct kmsg_lines {
	VEC(char *) lines; /* each once, in order */
};

/* Open @path (NULL: /dev/kmsg); what is in it by now is skipped. */
void kmsg_open(struct kmsg *k, const char *path);
void kmsg_close(struct kmsg *k);
/* Append the lines since then.  0, or negative errno (k->error too). */
int kmsg_read(struct kmsg *k, struct kmsg_lines *ret);
void kmsg_lines_release(struct kmsg_lines *lines);

/*
 * Take the records of @bytes, which are whole: "prio,seq,time,flags;text" and
 * lines with details, which begin with a blank.  False: no memory.
 */
bool kmsg_records(struct span bytes, struct kmsg_lines *ret);
/* Append one line, unless it is there or there are too many. */
bool kmsg_add_line(struct kmsg_lines *lines, struct span text);

#define KMSG_FACTS_MAX 4
#define KMSG_VALUE_MAX 256

/* What a line says.  */
struct kmsg_match {
	enum error_id id;
	/* Lines of one load that say more have more: a cause beats its effect.
	 */
	int weight;
	size_t fact_count;
	struct kmsg_fact {
		const char *name; /* "module", "symbol", ...; static */
		char value[KMSG_VALUE_MAX];
	} facts[KMSG_FACTS_MAX];
};

/* Is @line one of the module loader's refusals? */
bool kmsg_match(const char *line, struct kmsg_match *ret);
/* The value of fact @name, or NULL. */
const char *kmsg_match_get(const struct kmsg_match *m, const char *name);
/* Does @line begin with "NAME: ", or otherwise speak of module @name? */
bool kmsg_mentions(const char *line, const char *name);
/*
 * Is it a line of registers or code bytes, as an oops prints them?  (x86:
 * arch/x86/kernel/process_64.c, dumpstack.c, arch/x86/mm/fault.c.)
 */
bool kmsg_is_dump(const char *line);

#define _cleanup_kmsg_ _cleanup_(kmsg_close)
#define _cleanup_kmsg_lines_ _cleanup_(kmsg_lines_release)
