// SPDX-License-Identifier: LGPL-2.1-or-later
// What plan, load, unload and reload share.
#pragma once

#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/table.h"

#define ACT_MAX 256

/* A name from the command line and the parameters that follow it. */
struct request {
	const char *name;
	char *params; /* "a=1 b=2", values with blanks quoted; "" */
};

/*
 * "NAME [PARAM=VALUE]... NAME ...": up to ACT_MAX requests.  An exit status
 * (message printed) other than CLI_DONE when there is none.
 */
int act_requests(struct cli *cli, int argc, char **argv, struct request *ret,
		 size_t *ret_count);
void act_requests_release(struct request *requests, size_t count);
/* PARAM=VALUE, and no file whose name has a '=' */
bool act_is_param(const char *word);
/* Append "a=1"; kmod's rule: a value with blanks is quoted unless it is. */
void act_add_param(struct strbuf *b, const char *word);
/* &enum lkm_plan_flags from the options given. */
unsigned int act_plan_flags(const struct cli *cli);
int act_plan(struct cli *cli, const struct request *request, unsigned int flags,
	     bool unload, struct lkm_plan **ret, struct lkm_error **reterr);
/*
 * Execute @plan, or print it with --dry-run; says each step with --verbose.
 * On refusal the error is the explained one.
 */
int act_run(struct cli *cli, const struct lkm_plan *plan, size_t *ret_done,
	    struct lkm_error **reterr);

/*
 * fail-alloc.c: load the plan's target in a copy of the hosted kernel for each
 * allocation that --fail-alloc names.  An exit status, or a negative code.
 */
int act_fail_alloc(struct cli *cli, const struct lkm_plan *plan,
		   struct lkm_error **reterr);

/* Are --timeout and --wait numbers?  False: a message was printed. */
bool act_options_are_fine(const struct cli *cli);
/* Turn the error of a kernel's refusal into its reason; returns its code. */
int act_explain(struct cli *cli, struct lkm_error **reterr);

/* verb-load.c: @one for each request; a facts read before is forgotten. */
int act_each(struct cli *cli, int argc, char **argv,
	     int (*one)(struct cli *cli, const struct request *request));

/* verb-plan.c */
void plan_table_init(struct table *t);
void plan_table(struct table *t, const struct lkm_plan *plan);
