// SPDX-License-Identifier: LGPL-2.1-or-later
// Executing a plan, and the explanation when the kernel refuses.
#include "cli/act.h"
#include "cli/gdb.h"

#include <string.h>

#include "base/text.h"
#include "check/refusal.h"

static void say_before(void *ctx, const struct lkm_step *step)
{
	cli_detail(ctx, "%s %s%s%s", lkm_step_kind_name(step->kind),
		   step->command ? step->command :
		   step->path	 ? step->path :
				   step->module,
		   *step->options ? " " : "", step->options);
}

static void say_after(void *ctx, const struct lkm_step *step, int rc,
		      const struct lkm_error *error)
{
	bool in_use = step->role == LKM_ROLE_UNUSED && rc == -LKM_EBUSY;

	if (rc < 0 && step->optional && error && !in_use)
		cli_warn(ctx, error);
}

/* "all", or a number from 1, of a hosted kernel */
static bool fail_alloc_is_fine(const struct cli *cli)
{
	const char *which = cli_opt(cli, "fail-alloc");
	uint64_t value;

	if (!which)
		return true;
	if (!cli->on_hosted) {
		cli_usage(cli, "--fail-alloc is for --on hosted");
		return false;
	}
	if (strcmp(which, "all") != 0 &&
	    (!text_to_u64(which, 10, &value) || !value)) {
		cli_usage(cli, "--fail-alloc takes a number from 1, or 'all'");
		return false;
	}
	return true;
}

bool act_options_are_fine(const struct cli *cli)
{
	uint64_t value;

	return cli_opt_number(cli, "timeout", &value) &&
	       cli_opt_number(cli, "wait", &value) && fail_alloc_is_fine(cli) &&
	       gdb_options_are_fine(cli);
}

/* The value of an option that act_options_are_fine() has seen. */
static unsigned int milliseconds(const struct cli *cli, const char *option)
{
	uint64_t value = 0;

	cli_opt_number(cli, option, &value);
	return (unsigned int)MIN_OF(value, (uint64_t)1000000) * 1000;
}

static unsigned int load_flags(const struct cli *cli)
{
	unsigned int flags = 0;

	if (cli_has(cli, "force") || cli_has(cli, "force-modversion"))
		flags |= LKM_LOAD_FORCE_MODVERSIONS;
	if (cli_has(cli, "force") || cli_has(cli, "force-vermagic"))
		flags |= LKM_LOAD_FORCE_VERMAGIC;
	return flags;
}

static int print_plan(struct cli *cli, const struct lkm_plan *plan,
		      struct lkm_error **reterr)
{
	_cleanup_table_ struct table t;

	plan_table_init(&t);
	plan_table(&t, plan);
	table_print(&t, cli);
	return lkm_plan_verdict(plan, reterr);
}

/*
 * EIO of the hosted kernel is the host's word for a call that did not come
 * back; what ended it was found.  0: it was something else.
 */
static int explain_abort(struct cli *cli, struct lkm_error **reterr)
{
	struct lkm_error *refused = *reterr;
	const struct lkm_finding *f = NULL, *last;
	const char *module;
	int rc;

	if (!cli->host || lkm_error_errno(refused) != EIO ||
	    strcmp(lkm_error_id(refused), "kernel.load.refused") != 0)
		return 0;
	for (size_t i = 0; (last = lkm_host_finding(cli->host, i)); i++) {
		if (!strcmp(last->kind, "oops") ||
		    !strcmp(last->kind, "deadlock"))
			f = last;
	}
	if (!f)
		return 0;
	module = lkm_error_get(refused, "module");
	rc = FAIL(reterr, HOST_LOAD_ABORTED, KV_STR("module", module),
		  KV_STR("kind", f->kind), KV_STR("text", f->text));
	error_set_cause(reterr, refused);
	return rc;
}

int act_explain(struct cli *cli, struct lkm_error **reterr)
{
	struct refusal_inputs in = { .error = *reterr };
	struct lkm_error *ignored = NULL;
	int rc = explain_abort(cli, reterr);

	if (rc < 0)
		return rc;
	/* What the step changed counts: facts of now, not of the plan. */
	cli_facts_expire(cli);
	if (cli_facts(cli, &in.facts, &ignored) < 0) {
		lkm_error_free(ignored);
		ignored = NULL;
	}
	if (cli_tree(cli, &in.tree, &ignored) < 0)
		lkm_error_free(ignored);
	*reterr = NULL;
	return check_refusal(&in, reterr);
}

int act_run(struct cli *cli, const struct lkm_plan *plan, size_t *ret_done,
	    struct lkm_error **reterr)
{
	struct lkm_run_options options = {
		.size = sizeof(options),
		.load_flags = load_flags(cli),
		.unload_flags = cli_has(cli, "force") ? LKM_UNLOAD_FORCE : 0,
		.before = say_before,
		.after = say_after,
		.ctx = cli,
	};
	struct lkm_kernel *kernel;
	int rc;

	options.timeout_ms = milliseconds(cli, "timeout");
	options.wait_ms = milliseconds(cli, "wait");
	if (cli->dry_run)
		return print_plan(cli, plan, reterr);
	rc = lkm_plan_verdict(plan, reterr);
	if (!rc)
		rc = cli_kernel(cli, &kernel, reterr);
	if (!rc)
		rc = lkm_kernel_run(kernel, plan, &options, ret_done, reterr);
	return rc < 0 && *reterr ? act_explain(cli, reterr) : rc;
}
