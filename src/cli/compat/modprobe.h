// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parts of modprobe share.
#pragma once

#include "cli/compat/tool.h"

struct modprobe {
	struct tool t;
	struct target g;
	bool all, remove, holders, first_time, ignore_commands, blacklist;
	bool force, force_modversion, force_vermagic;
	bool show_depends, names_only, dry_run, verbose, syslog;
	bool show_config, show_versions, show_exports;
	unsigned long wait_ms;
	int level; /* of messages, once the options are read */
	int worst; /* priority of "not found": LOG_CRIT, -a: LOG_WARNING */
};

/* All give an exit status. */
int modprobe_insert(struct modprobe *m, const char *name, const char *params);
/* What became of a plan of one module; @e (NULL: nothing wrong) is taken over.
 */
int modprobe_told(struct modprobe *m, const struct lkm_plan *plan, int rc,
		  struct lkm_error *e);
int modprobe_all(struct modprobe *m, int argc, char **argv);
int modprobe_remove(struct modprobe *m, const char *name);
int modprobe_show_config(struct modprobe *m);
int modprobe_show_versions(struct modprobe *m, const char *file);
int modprobe_show_exports(struct modprobe *m, const char *file);

/* modprobe-run.c, for insert and remove. */
int modprobe_plan(struct modprobe *m, const char *name, const char *params,
		  struct lkm_plan **ret, struct lkm_error **reterr);
void modprobe_print_step(const struct modprobe *m, const struct lkm_step *s);
/* Steps of target @target (number + 1; 0: all). */
int modprobe_run(struct modprobe *m, const struct lkm_plan *plan,
		 unsigned int target, struct lkm_error **reterr);
/* As above of all targets, without a word, for use by several threads. */
int modprobe_load(struct modprobe *m, const struct lkm_plan *plan,
		  struct lkm_error **reterr);
