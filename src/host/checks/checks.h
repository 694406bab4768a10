// SPDX-License-Identifier: GPL-2.0-only
// Mistakes that a distribution's kernel does not look for, found all the same.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From the end of the boot on: before, nothing can sleep. */
void checks_start(void);

/* The caller may sleep: is it allowed to?  @what: "schedule() is called" */
void checks_may_sleep(const char *what);
/* Before a thread is switched away from */
void checks_schedule(void);
#define GFP_DIRECT_RECLAIM 0x400u /* include/linux/gfp_types.h: since v4.13 */
static inline void checks_allocation(uint32_t gfp)
{
	if (gfp & GFP_DIRECT_RECLAIM)
		checks_may_sleep("memory is asked for with GFP_KERNEL");
}

/* What must be as before when a module's function comes back */
struct checks_entry {
	uint32_t preempt;
	int rcu;
	uint64_t flags;
	uint64_t locks; /* how many were taken so far */
};
struct checks_of {
	const char *module; /* NULL: as the frames say */
	uint64_t fn;	    /* what was called; 0: not known */
	const char *what;   /* "init", "read" */
};
void checks_enter(struct checks_entry *e);
void checks_find(const struct checks_entry *e, const struct checks_of *of);
/* And puts it right. */
void checks_leave(const struct checks_entry *e, const struct checks_of *of);
/* checks/exit.c: a module's exit function; around its delete_module(2) */
void checks_exit_begin(const char *module);
void checks_exit_end(const char *module);
/*
 * checks/gone.c: what points into the module's memory, when its exit function
 * is back; what still does so when that memory is gone; whose it was.
 */
void gone_note(const char *module);
bool gone_is_noted(void);
void gone_report(void);
const char *gone_module_at(uint64_t address);
/* do_one_initcall() has seen it, warned and put it right. */
void checks_init_unbalanced(void);
