// SPDX-License-Identifier: LGPL-2.1-or-later
// From a name to a plan, and a plan printed or executed.
#include "cli/compat/modprobe.h"

#include <string.h>

static unsigned int plan_flags(const struct modprobe *m)
{
	unsigned int flags = 0;

	if (m->show_depends)
		flags |= LKM_PLAN_IGNORE_LOADED;
	if (m->ignore_commands)
		flags |= LKM_PLAN_IGNORE_COMMANDS;
	if (m->blacklist)
		flags |= LKM_PLAN_BLACKLIST;
	if (m->holders)
		flags |= LKM_PLAN_HOLDERS;
	if (m->wait_ms)
		flags |= LKM_PLAN_IGNORE_REFCOUNT;
	return flags;
}

int modprobe_plan(struct modprobe *m, const char *name, const char *params,
		  struct lkm_plan **ret, struct lkm_error **reterr)
{
	struct lkm_plan_request r = { .size = sizeof(r),
				      .name = name,
				      .options = params,
				      .flags = plan_flags(m) };
	struct lkm_plan_inputs in = { .dialect = LKM_DIALECT_KMOD };
	struct lkm_tree_options tree = { .size = sizeof(tree),
					 .root = m->t.cli->root,
					 .release = m->t.cli->release,
					 .flags = LKM_TREE_EMPTY };
	struct cli *cli = m->t.cli;
	int rc = 0;

	if (!cli->tree)
		rc = lkm_tree_open(&tree, &cli->tree, reterr);
	if (!rc)
		rc = target_policy(&m->g, &m->t, reterr);
	/* What is only shown does not depend on a kernel. */
	if (!rc && !m->show_depends && !m->names_only)
		rc = cli_open_kernel(cli, reterr);
	if (!rc && cli->kernel && !cli->facts)
		rc = lkm_kernel_facts(cli->kernel, &cli->facts, reterr);
	if (rc < 0)
		return rc;
	in.tree = cli->tree;
	in.policy = cli->policy;
	in.facts = cli->facts;
	return m->remove ? lkm_plan_unload(&in, &r, ret, reterr) :
			   lkm_plan_load(&in, &r, ret, reterr);
}

void modprobe_print_step(const struct modprobe *m, const struct lkm_step *s)
{
	_cleanup_free_ char *path = NULL;

	switch (s->kind) {
	case LKM_STEP_LOAD:
		path = target_path(&m->g, s->path);
		printf("insmod %s %s\n", path ? path : s->path, s->options);
		break;
	case LKM_STEP_INSTALL:
		printf("install %s %s\n", s->command_rule, s->options);
		break;
	case LKM_STEP_BUILTIN:
		if (m->show_depends)
			printf("builtin %s\n", s->module);
		break;
	case LKM_STEP_UNLOAD: printf("rmmod %s\n", s->module); break;
	case LKM_STEP_REMOVE: printf("remove %s\n", s->command); break;
	default: break;
	}
}

static void print_before(void *ctx, const struct lkm_step *step)
{
	const struct modprobe *m = ctx;

	if (m->verbose)
		modprobe_print_step(m, step);
	/* A command may print, too. */
	fflush(stdout);
}

/* kmod tells of these where they happen, whatever becomes of the rest. */
static void tell_after(void *ctx, const struct lkm_step *s, int rc,
		       const struct lkm_error *e)
{
	struct modprobe *m = ctx;
	const char *status;

	if (rc >= 0 || !e)
		return;
	status = lkm_error_get(e, "status");
	if (s->kind == LKM_STEP_INSTALL)
		tool_log(&m->t, LOG_ERR,
			 "Error running install command '%s' for module %s: "
			 "%s%s",
			 s->command, s->module,
			 status ? "retcode " : "killed by ",
			 status ? status : lkm_error_get(e, "signal"));
	else if (s->kind == LKM_STEP_REMOVE)
		tool_log(&m->t, m->worst, "Error running remove command for %s",
			 s->module);
	else if (s->kind == LKM_STEP_UNLOAD && !m->wait_ms)
		tool_log(&m->t, LOG_ERR, "could not remove '%s': %s", s->module,
			 strerrordesc_np(tool_errno(e)));
}

static unsigned int load_flags(const struct modprobe *m)
{
	unsigned int flags = LKM_LOAD_FORCE_NEEDS;

	if (m->force || m->force_modversion)
		flags |= LKM_LOAD_FORCE_MODVERSIONS;
	if (m->force || m->force_vermagic)
		flags |= LKM_LOAD_FORCE_VERMAGIC;
	if (m->first_time)
		flags |= LKM_LOAD_FIRST_TIME;
	return flags;
}

int modprobe_load(struct modprobe *m, const struct lkm_plan *plan,
		  struct lkm_error **reterr)
{
	/* A child process to wait for is for one thread. */
	const struct lkm_run_options run = { .size = sizeof(run),
					     .load_flags = load_flags(m) |
							   LKM_LOAD_DIRECT };

	return lkm_kernel_run(m->t.cli->kernel, plan, &run, NULL, reterr);
}

int modprobe_run(struct modprobe *m, const struct lkm_plan *plan,
		 unsigned int target, struct lkm_error **reterr)
{
	struct lkm_run_options run = { .size = sizeof(run),
				       .load_flags = load_flags(m),
				       .before = print_before,
				       .after = tell_after,
				       .ctx = m,
				       .only_target = target };

	run.wait_ms = (unsigned int)MIN_OF(m->wait_ms, 1000000000UL);
	if (m->force)
		run.unload_flags |= LKM_UNLOAD_FORCE;
	return lkm_kernel_run(m->t.cli->kernel, plan, &run, NULL, reterr);
}
