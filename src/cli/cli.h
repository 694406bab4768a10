// SPDX-License-Identifier: LGPL-2.1-or-later
// What every verb gets: the parsed command line, and its kernel, tree and
// policy, opened when first asked for.
#pragma once

#include <lkm/host.h>
#include <lkm/kernel.h>
#include <lkm/plan.h>

#include "base/macro.h"
#include "base/vec.h"
#include "diag/error.h"

/* Exit status, of every verb. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_PARTLY = 3 };

/* One option.  The tables feed parsing, --help, man pages and completion. */
struct option_spec {
	const char *name; /* long, without the dashes; NULL ends a table */
	char letter;	  /* short, 0: none */
	const char *arg;  /* what its argument is called, NULL: a flag */
	const char *help; /* one line, no full stop */
};

struct cli;

enum verb_flags {
	VERB_STOP_AT_ARGS = 1, /* options end at the first argument */
	VERB_HIDDEN = 2,       /* not listed */
	VERB_ON = 4,	       /* asks or changes a kernel: --on says which */
	VERB_BOOTS = 8,	       /* a hosted kernel is started where none runs */
	VERB_GUEST = 16,       /* has a use in a guest of its own: --on vm */
};

/* What a shell completes behind the verb */
enum verb_words {
	WORDS_NONE,
	WORDS_MODULES,	 /* of the tree */
	WORDS_FILES_TOO, /* these, and files */
	WORDS_LOADED,
	WORDS_RELEASES,
	WORDS_FILES,
	WORDS_COMMANDS,
	WORDS_VERBS,
	WORDS_LISTED, /* one that verb.args begins with, "a|b", then files */
};

struct verb {
	const char *name;
	const char *args;    /* "NAME...", as in the usage line */
	const char *summary; /* one line, as in the list of verbs */
	const char *detail;  /* paragraphs for --help and the man page */
	const struct option_spec *options; /* NULL: only the common ones */
	unsigned int flags;
	enum verb_words words;
	int (*run)(struct cli *cli, int argc, char **argv); /* exit status */
};

/* An option that was given. */
struct given {
	const char *name;
	const char *value; /* "" for a flag */
};

#define CLI_GIVEN_MAX 256

struct cli {
	const struct verb *verb;
	struct given given[CLI_GIVEN_MAX];
	size_t given_count;

	/* The common options. */
	const char *root;    /* NULL: this machine's */
	const char *release; /* NULL: the running kernel's */
	char *only_release;  /* of the root, where that was adopted */
	const char *on;	     /* "live", "hosted", "vm" */
	bool on_hosted, on_vm;
	const char *layers[16];
	size_t layer_count;
	const char *config[16]; /* instead of the default directories */
	size_t config_count;
	enum lkm_dialect dialect;
	bool json;
	bool dry_run;
	bool quiet;
	int verbose;

	/* Use cli_tree() and the like. */
	bool tree_may_be_gone; /* go on without the module directory */
	struct lkm_tree *tree;
	VEC(const struct lkm_error *) tree_warnings; /* that were shown */
	struct lkm_policy *policy;
	struct lkm_facts *facts;
	struct lkm_kernel *kernel;
	struct lkm_host *host; /* NULL: not connected */
	bool host_is_ours;     /* it ends with this command */
};

/* options.c */

/*
 * Parse @argv[1..] by @tables (NULL-terminated list of tables) into
 * cli->given; *@ret_first is the index of the first argument (arguments were
 * moved to the end, unless @stop).  CLI_DONE or CLI_USAGE (message printed).
 */
int options_parse(struct cli *cli, const struct option_spec *const *tables,
		  bool stop, int argc, char **argv, int *ret_first);
/* Was it given?  cli_opt(): the last value, NULL when not given. */
bool cli_has(const struct cli *cli, const char *name);
const char *cli_opt(const struct cli *cli, const char *name);
/* Value number @i of an option that may be repeated, NULL: no more. */
const char *cli_opt_nth(const struct cli *cli, const char *name, size_t i);
/* As a number; false and a message printed when it is none. */
bool cli_opt_number(const struct cli *cli, const char *name, uint64_t *ret);
extern const struct option_spec common_options[];

/* verbs.c */
extern const struct verb *const all_verbs[]; /* NULL-terminated */
const struct verb *verb_find_by_name(const char *name);

/* help.c */
void help_overview(FILE *f);
void help_verb(FILE *f, const struct verb *verb);
/* One line on stderr and CLI_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) _printf_(2, 3);

/* report.c */

/*
 * Print @e (taken over and freed) to stderr, with cause, evidence and hint, or
 * as JSON to stdout with --json.  Returns CLI_FAILED, or CLI_USAGE for
 * LKM_EUSAGE.
 */
int cli_fail(struct cli *cli, struct lkm_error *e);
/* As a warning: printed unless --quiet; does not end anything. */
void cli_warn(struct cli *cli, const struct lkm_error *e);
/* To stderr, as an error of which the exit status is told elsewhere. */
void cli_report(const struct lkm_error *e);
/* A plain line on stderr unless --quiet; with --verbose only: cli_detail(). */
void cli_note(const struct cli *cli, const char *fmt, ...) _printf_(2, 3);
void cli_detail(const struct cli *cli, const char *fmt, ...) _printf_(2, 3);
bool cli_is_terminal(int fd);
/*
 * @s with control characters as \xNN; names and texts come from files that
 * anybody may have made.  @s itself where there are none, else *@ret_made,
 * which the caller frees; "?" when memory is out.
 */
const char *cli_printable(const char *s, char **ret_made);

/* session.c: 0, or a negative code and *@reterr. */
int cli_tree(struct cli *cli, struct lkm_tree **ret, struct lkm_error **reterr);
/* Show what the tree warned of since the last time: lookups find damage too. */
void cli_tree_warnings(struct cli *cli);
int cli_policy(struct cli *cli, const struct lkm_policy **ret,
	       struct lkm_error **reterr);
int cli_kernel(struct cli *cli, struct lkm_kernel **ret,
	       struct lkm_error **reterr);
/* An empty kernel where the target is not the running one. */
int cli_facts(struct cli *cli, const struct lkm_facts **ret,
	      struct lkm_error **reterr);
/* Forget the facts: the next cli_facts() reads them again. */
void cli_facts_expire(struct cli *cli);
/* Can the target (root, release) be acted on: the running kernel, or hosted? */
bool cli_has_kernel(const struct cli *cli);
/*
 * --root without --kernel, of a system that lacks the running kernel's modules
 * and has those of one other: that is meant.  A hosted kernel that runs says
 * itself which it is.
 */
void cli_adopt_only_release(struct cli *cli);
/*
 * The image of the target's kernel: as --image (OPTION_IMAGE) says, else where
 * a hosted kernel looks for it.  free(); NULL: none is here.
 */
char *cli_image(const struct cli *cli, const char *release);
#define OPTION_IMAGE                                                        \
	{                                                                   \
		"image", 0, "FILE", "the kernel's image (vmlinuz, vmlinux)" \
	}
int cli_plan_inputs(struct cli *cli, struct lkm_plan_inputs *ret,
		    struct lkm_error **reterr);
void cli_release(struct cli *cli);

/*
 * The command line of the hosted kernel, whose words are rules too; *@ret stays
 * where the target is another.
 */
int cli_hosted_cmdline(struct cli *cli, char **ret, struct lkm_error **reterr);

/* session-hosted.c */

/* --on, else $LKM_ON; false: there is no such kernel. */
bool cli_choose_kernel(struct cli *cli);
/*
 * The hosted kernel that runs; with VERB_BOOTS, else, one for this command.
 * Root and release become its own where they were not given.
 */
int cli_host(struct cli *cli, struct lkm_host **ret, struct lkm_error **reterr);
/* As above where the target is the hosted kernel, and else nothing. */
int cli_target(struct cli *cli, struct lkm_error **reterr);
/* Set cli->kernel. */
int cli_open_kernel(struct cli *cli, struct lkm_error **reterr);
/* lkm-host as $LKM_HOST or this build has it, in @ret; NULL: as installed. */
const char *cli_host_program(char *ret, size_t size);

/* findings.c: tell what was found; CLI_FAILED where there was something. */
int cli_findings(struct cli *cli);
/* All that @host has, to stderr. */
void cli_report_findings(const struct lkm_host *host);

/* main.c: apply the common options that were given. */
int cli_apply_common(struct cli *cli);
