// SPDX-License-Identifier: LGPL-2.1-or-later
// What kmod's tools have in common: options, messages, their target.
#pragma once

#include <syslog.h>

#include "cli/cli.h"

/*
 * DOC: messages of kmod's tools are "NAME: LEVEL: text", on stderr or in the
 * system log.  After a FATAL one (LOG_CRIT) that was not silenced a tool does
 * nothing more; functions say so by @ended.
 */
struct tool {
	struct cli *cli;
	const char *name; /* as it was called, without the folder */
	int priority;	  /* of the least message that is said */
	bool syslog;
	bool ended;
	bool explains; /* without being asked */
};

/* @argv0 may be NULL. */
void tool_init(struct tool *t, struct cli *cli, const char *argv0,
	       int priority);
/* To the system log if @use_syslog. */
void tool_log_open(struct tool *t, bool use_syslog);
/* @fmt has no newline. */
void tool_log(struct tool *t, int priority, const char *fmt, ...)
	_printf_(3, 4);
/* Are lkm's own words wanted? */
bool tool_explains(const struct tool *t);
/*
 * lkm's own words, behind the historic ones, where a person reads stderr or
 * $LKM_EXPLAIN is 1.  @e is taken over.
 */
void tool_explain(struct tool *t, struct lkm_error *e);
/* Says that there is no memory; an exit status. */
int tool_nomem(struct tool *t);
/* What kmod would have got as errno from libkmod. */
int tool_errno(const struct lkm_error *e);
int tool_version(void);
/* $KMOD_LOG as a priority, or @otherwise. */
int tool_env_priority(int otherwise);

/*
 * getopt_long() of a table; messages are the C library's.  A letter that is
 * no letter (below ' ') is only a code: options with the same code are the
 * same option, also for abbreviations.  @more: further short options.
 */
int tool_getopt(const struct option_spec *specs, const char *more, int argc,
		char **argv);

/* modprobe-args.c: the command line as modprobe takes it. */

/*
 * $MODPROBE_OPTIONS, split at blanks, with quotes, before the arguments.
 * Free both; NULL: no memory.
 */
char **modprobe_words(int *argc, char **argv, char **ret_buffer);
/* Add to $MODPROBE_OPTIONS, for what install lines call. */
void modprobe_options_append(struct tool *t, const char *word);
/* "a=1 b=\"x y\"" of arguments; free(); NULL: no memory. */
char *modprobe_params(int argc, char **argv, bool quote);

/* target.c: what -d and -S, -b and -k, say. */
struct target {
	const char *root;    /* as given, NULL: not */
	const char *release; /* as given, NULL: not */
	char *absolute;	     /* @root, absolute */
	char *dir;	     /* the module directory, as kmod names it */
	size_t skip;	     /* bytes of a path that stand for @absolute */
};

/* @path from the root on; "" stays; free() */
char *tool_absolute(const char *path);
/* Sets cli->root and cli->release.  False: it was told why not. */
bool target_open(struct target *g, struct tool *t);
void target_release(struct target *g);
/* @path as kmod prints it: with the root as it was given.  free() */
char *target_path(const struct target *g, const char *path);
/*
 * Open the rules: those of -C files, which are the host's, else those of the
 * root.  Lines that cannot be read are told.
 */
int target_policy(struct target *g, struct tool *t, struct lkm_error **reterr);
