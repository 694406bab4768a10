// SPDX-License-Identifier: GPL-2.0-only
// What a developer must see: found while the kernel ran, kept until asked for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/* The words are of the protocol (finding_kind_word()); new ones at the end. */
enum finding_kind {
	FINDING_OOPS,
	FINDING_WARNING,
	FINDING_LEAK,
	FINDING_USE_AFTER_FREE,
	FINDING_OUT_OF_BOUNDS,
	FINDING_DOUBLE_FREE,
	FINDING_SLEEP_IN_ATOMIC,
	FINDING_LOCK_HELD,
	FINDING_PREEMPT_IMBALANCE,
	FINDING_LIST_CORRUPTION,
	FINDING_DEADLOCK,
	FINDING_FAILED_ALLOCATION,
	FINDING_STILL_REGISTERED,
};

#define FINDING_FRAMES_MAX 32
#define FINDINGS_MAX 64
#define FINDING_SYMBOL_MAX 128 /* cut; KSYM_NAME_LEN is 512 */
#define FINDING_MODULE_MAX 56  /* MODULE_NAME_LEN */

enum finding_flags {
	FRAME_RELIABLE = 1, /* the unwinder says so; else found on the stack */
	FRAME_EXACT = 2,    /* the instruction itself, not a return address */
};

struct finding_frame {
	char symbol[FINDING_SYMBOL_MAX]; /* "" where it has none */
	char module[FINDING_MODULE_MAX]; /* "" for the kernel's own */
	uint64_t offset, size;		 /* of the function; or the address */
	uint32_t flags;
};

struct finding {
	enum finding_kind kind;
	char module[FINDING_MODULE_MAX];
	char text[400];
	struct finding_frame frames[FINDING_FRAMES_MAX];
	size_t frame_count;
};

const char *finding_kind_word(enum finding_kind kind);

/*
 * A new finding, last of the list.  @module may be NULL: then it is that of
 * the first frame that lies in a module.  Never NULL: when the list is full,
 * or the same one (kind, module and text) is there already, what is added is
 * counted and lost.
 */
struct finding *finding_new(enum finding_kind kind, const char *module,
			    const char *format, ...) _printf_(3, 4);
void finding_frame(struct finding *f, uint64_t address, uint32_t flags);

/* For who hands them out: the oldest (NULL: none), and it is done with. */
const struct finding *finding_first(void);
void finding_drop_first(void);
void finding_drop_all(void);
size_t finding_count(void);
unsigned int finding_lost(void);

/* As text, one line for itself and one for each frame */
void finding_print(const struct finding *f);
void findings_print_all(void);
