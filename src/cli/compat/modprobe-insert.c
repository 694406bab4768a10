// SPDX-License-Identifier: LGPL-2.1-or-later
// modprobe NAME, and -a, -D, -R, -n.
#include "cli/compat/modprobe.h"

#include <string.h>

#include "base/text.h"

/* kmod's sentence for what stopped module @name. */
static int insert_failed(struct modprobe *m, const char *name,
			 struct lkm_error *e)
{
	const char *id = lkm_error_id(e);
	int err = tool_errno(e);

	if (text_starts(id, "kernel.command."))
		err = EINVAL;
	if (!strcmp(id, "plan.missing") && !*lkm_error_get(e, "path"))
		tool_log(&m->t, LOG_ERR, "could not find module by name='%s'",
			 lkm_error_get(e, "module"));
	if (err == EEXIST)
		tool_log(&m->t, LOG_ERR,
			 "could not insert '%s': Module already in kernel",
			 name);
	else if (err == ENOENT)
		tool_log(&m->t, LOG_ERR,
			 "could not insert '%s': Unknown symbol in module, or "
			 "unknown parameter (see dmesg)",
			 name);
	else
		tool_log(&m->t, LOG_ERR, "could not insert '%s': %s", name,
			 strerrordesc_np(err));
	tool_explain(&m->t, e);
	return CLI_FAILED;
}

static int not_found(struct modprobe *m, const char *name, struct lkm_error *e)
{
	if (lkm_error_code(e) == LKM_ENOTFOUND && strchr(name, '/') &&
	    (*name == '/' || text_starts(name, "./")))
		tool_log(&m->t, m->worst,
			 "Failed to get module from path %s: %s", name,
			 strerrordesc_np(tool_errno(e)));
	else
		tool_log(&m->t, m->worst, "Module %s not found in directory %s",
			 name, m->g.dir);
	tool_explain(&m->t, e);
	return CLI_FAILED;
}

/* Is the module there already? */
static bool is_there(const struct lkm_plan *plan, size_t target)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->target == target && s->role == LKM_ROLE_TARGET &&
		    s->kind != LKM_STEP_LOADED && s->kind != LKM_STEP_BUILTIN)
			return false;
	}
	return true;
}

static bool is_blacklisted(const struct lkm_plan *plan, size_t target)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->target == target && s->role == LKM_ROLE_TARGET &&
		    s->kind == LKM_STEP_REFUSED)
			return true;
	}
	return false;
}

/* A plan may be refused for what was not asked for: kmod does nothing then. */
static int verdict(const struct modprobe *m, const struct lkm_plan *plan,
		   struct lkm_error **reterr)
{
	struct lkm_error *e = NULL;
	int rc = lkm_plan_verdict(plan, &e);
	const char *id = rc < 0 ? lkm_error_id(e) : "";

	if (!strcmp(id, "plan.blacklisted") ||
	    (m->dry_run && !strcmp(id, "plan.missing"))) {
		lkm_error_free(e);
		return 0;
	}
	if (rc < 0)
		*reterr = e;
	return rc;
}

static int insert_target(struct modprobe *m, const struct lkm_plan *plan,
			 size_t target, const char *name)
{
	struct lkm_error *e = NULL;

	if (m->first_time && !m->show_depends && is_there(plan, target) &&
	    !is_blacklisted(plan, target)) {
		tool_log(&m->t, LOG_ERR,
			 "could not insert '%s': Module already in kernel",
			 name);
		return CLI_FAILED;
	}
	if (verdict(m, plan, &e) < 0)
		return insert_failed(m, name, e);
	if (is_blacklisted(plan, target))
		return CLI_DONE;
	if (!m->dry_run)
		return modprobe_run(m, plan, (unsigned int)target + 1, &e) < 0 ?
			       insert_failed(m, name, e) :
			       CLI_DONE;
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->target == target && (m->show_depends || m->verbose))
			modprobe_print_step(m, s);
	}
	return CLI_DONE;
}

int modprobe_told(struct modprobe *m, const struct lkm_plan *plan, int rc,
		  struct lkm_error *e)
{
	size_t count;
	const char *const *targets = lkm_plan_targets(plan, &count);

	return rc < 0 ? insert_failed(m, targets[0], e) : CLI_DONE;
}

int modprobe_insert(struct modprobe *m, const char *name, const char *params)
{
	struct lkm_plan *plan = NULL;
	struct lkm_error *e = NULL;
	const char *const *targets;
	size_t count;
	int rc = modprobe_plan(m, name, params, &plan, &e);

	if (rc < 0)
		return not_found(m, name, e);
	targets = lkm_plan_targets(plan, &count);
	/* As there, what counts is what became of the last one. */
	for (size_t i = 0; i < count; i++) {
		if (m->names_only)
			puts(targets[i]);
		else
			rc = insert_target(m, plan, i, targets[i]);
	}
	lkm_plan_free(plan);
	return rc;
}
