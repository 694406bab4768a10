// SPDX-License-Identifier: LGPL-2.1-or-later
// Executing a plan, step by step.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "kernel/kernel.h"

extern char **environ;

struct run {
	struct lkm_kernel *kernel;
	struct lkm_run_options options;
	struct strbuf done_names; /* "a, b", for the report of a failure */
	size_t done;
};

/* Our environment with MODPROBE_MODULE, which kmod's commands may rely on. */
static const char **command_env(const char *assignment)
{
	VEC(const char *) env = { 0 };
	bool ok = true;

	for (char **e = environ; ok && e && *e; e++) {
		if (!text_starts(*e, "MODPROBE_MODULE="))
			ok = vec_push(&env, *e);
	}
	ok = ok && vec_push(&env, assignment) && vec_push(&env, NULL);
	if (!ok)
		vec_release(&env);
	return env.data;
}

static int command_failed(const struct lkm_step *s, int status,
			  struct lkm_error **reterr)
{
	char name[16];

	if (WIFSIGNALED(status)) {
		snprintf(name, sizeof(name), "SIG%s",
			 sigabbrev_np(WTERMSIG(status)));
		return FAIL(reterr, KERNEL_COMMAND_KILLED,
			    KV_STR("module", s->module),
			    KV_STR("command", s->command),
			    KV_STR("signal", name));
	}
	return FAIL(reterr, KERNEL_COMMAND_FAILED, KV_STR("module", s->module),
		    KV_STR("command", s->command),
		    KV_NUM("status", WEXITSTATUS(status)));
}

/* modprobe.d(5): an install line is for the shell, so here is one. */
int kernel_run_command(const struct lkm_step *s, unsigned int timeout_ms,
		       struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf assignment = { 0 };
	_cleanup_free_ const char **env = NULL;
	const char *argv[] = { "/bin/sh", "-c", s->command, NULL };
	struct spawn spawn = { .argv = argv,
			       .timeout_ms = timeout_ms,
			       .own_group = timeout_ms > 0 };
	int status, rc;

	if (strbuf_addf(&assignment, "MODPROBE_MODULE=%s", s->module))
		env = command_env(assignment.data);
	if (!env)
		return error_nomem(reterr);
	spawn.env = env;
	rc = spawn_run(&spawn, &status);
	if (rc == -ETIMEDOUT)
		return FAIL(reterr, KERNEL_COMMAND_TIMEOUT,
			    KV_STR("module", s->module),
			    KV_STR("command", s->command),
			    KV_NUM("timeout", timeout_ms));
	if (rc < 0)
		return error_system(reterr, rc, "run", "/bin/sh");
	return status ? command_failed(s, status, reterr) : 0;
}

/* Of the flags that the target is loaded with, those for this step. */
static unsigned int load_flags(const struct run *r, const struct lkm_step *s)
{
	unsigned int mask = LKM_LOAD_DIRECT;

	if (s->role == LKM_ROLE_TARGET)
		return r->options.load_flags;
	if (r->options.load_flags & LKM_LOAD_FORCE_NEEDS)
		mask |= LKM_LOAD_FORCE_MODVERSIONS | LKM_LOAD_FORCE_VERMAGIC;
	return r->options.load_flags & mask;
}

static int run_load(struct run *r, const struct lkm_step *s,
		    struct lkm_error **reterr)
{
	struct lkm_error *e = NULL;
	unsigned int flags = load_flags(r, s);
	int rc = lkm_kernel_load(r->kernel, s->path, s->options, flags,
				 r->options.timeout_ms, &e);

	/*
	 * The plan was made when it was not loaded: another process was
	 * quicker, and the result is the one that was asked for.
	 */
	if (rc == -LKM_EEXISTS && !(flags & LKM_LOAD_FIRST_TIME)) {
		lkm_error_free(e);
		return 0;
	}
	if (rc < 0 && reterr)
		*reterr = e;
	else
		lkm_error_free(e);
	return rc;
}

static int run_unload(struct run *r, const struct lkm_step *s,
		      struct lkm_error **reterr)
{
	unsigned int flags = s->role == LKM_ROLE_TARGET ?
				     r->options.unload_flags :
				     0;

	/* By-catch that is still in use stays: nobody asked for it. */
	return lkm_kernel_unload(
		r->kernel, s->module, flags,
		s->role == LKM_ROLE_UNUSED ? 0 : r->options.wait_ms, reterr);
}

static bool step_acts(const struct lkm_step *s)
{
	return s->kind == LKM_STEP_LOAD || s->kind == LKM_STEP_INSTALL ||
	       s->kind == LKM_STEP_UNLOAD || s->kind == LKM_STEP_REMOVE;
}

static bool is_wanted(const struct run *r, const struct lkm_step *s)
{
	return !r->options.only_target ||
	       r->options.only_target == s->target + 1;
}

/*
 * A command acts on this machine, whatever kernel the plan is for; what people
 * write to keep a module out does nothing at all.
 */
static int run_command(struct run *r, const struct lkm_step *s,
		       struct lkm_error **reterr)
{
	static const char *const harmless[] = {
		"/bin/true",	  "/bin/false", "/usr/bin/true",
		"/usr/bin/false", "true",	"false"
	};
	bool runs = !r->kernel->host;

	for (size_t i = 0; i < ARRAY_SIZE(harmless) && !runs; i++)
		runs = !strcmp(s->command, harmless[i]);
	if (!runs)
		return FAIL(reterr, KERNEL_COMMAND_ELSEWHERE,
			    KV_STR("module", s->module),
			    KV_STR("command", s->command));
	return kernel_run_command(s, r->options.timeout_ms, reterr);
}

static int run_step(struct run *r, const struct lkm_step *s,
		    struct lkm_error **reterr)
{
	int rc;

	if (s->kind == LKM_STEP_LOAD)
		rc = run_load(r, s, reterr);
	else if (s->kind == LKM_STEP_UNLOAD)
		rc = run_unload(r, s, reterr);
	else
		rc = run_command(r, s, reterr);
	if (rc < 0 && s->wanted_by)
		error_while(reterr, rc, "step '%s', wanted by '%s'", s->module,
			    s->wanted_by);
	return rc;
}

/* Tell the caller, count, and say whether the plan goes on. */
static int step_ended(struct run *r, const struct lkm_step *s, int rc,
		      struct lkm_error *e, struct lkm_error **reterr)
{
	if (r->options.after)
		r->options.after(r->options.ctx, s, rc, e);
	if (!rc) {
		strbuf_addf(&r->done_names, "%s%s", r->done ? ", " : "",
			    s->module);
		r->done++;
	}
	if (!rc || s->optional) {
		lkm_error_free(e);
		return 0;
	}
	if (r->done)
		error_while(&e, rc, "done before and left so: %s",
			    strbuf_str(&r->done_names));
	if (reterr)
		*reterr = e;
	else
		lkm_error_free(e);
	return rc;
}

int lkm_kernel_run(struct lkm_kernel *kernel, const struct lkm_plan *plan,
		   const struct lkm_run_options *options, size_t *ret_done,
		   struct lkm_error **reterr)
{
	struct run r = { .kernel = kernel };
	int rc = lkm_plan_verdict(plan, reterr);

	if (options)
		memcpy(&r.options, options,
		       MIN_OF(options->size, sizeof(r.options)));
	for (size_t i = 0; !rc && i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);
		struct lkm_error *e = NULL;

		if (!step_acts(s) || !is_wanted(&r, s))
			continue;
		if (r.options.before)
			r.options.before(r.options.ctx, s);
		rc = run_step(&r, s, &e);
		rc = step_ended(&r, s, rc, e, reterr);
	}
	strbuf_release(&r.done_names);
	if (ret_done)
		*ret_done = r.done;
	return rc;
}
