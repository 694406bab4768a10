// SPDX-License-Identifier: LGPL-2.1-or-later
// modprobe -r.
#include "cli/compat/modprobe.h"

#include <string.h>

/* kmod's sentence, where nothing was said at the step that failed. */
static int remove_failed(struct modprobe *m, const char *name,
			 struct lkm_error *e)
{
	const char *id = lkm_error_id(e);
	const char *module = lkm_error_get(e, "module");

	if (!module)
		module = name;
	if (!strcmp(id, "plan.notloaded") ||
	    !strcmp(id, "kernel.unload.notloaded")) {
		if (!m->first_time) {
			lkm_error_free(e);
			return CLI_DONE;
		}
		tool_log(&m->t, m->worst, "Module %s is not in kernel.",
			 module);
	} else if (!strcmp(id, "plan.notfound")) {
		tool_log(&m->t, m->worst, "Module %s not found.", name);
	} else if (!strcmp(id, "plan.builtin")) {
		tool_log(&m->t, m->worst, "Module %s is builtin.", module);
	} else if (!strcmp(id, "plan.inuse")) {
		tool_log(&m->t, m->worst, "Module %s is in use.", module);
	} else if (m->wait_ms) {
		tool_log(&m->t, LOG_ERR, "could not remove '%s': %s", module,
			 strerrordesc_np(tool_errno(e)));
	}
	tool_explain(&m->t, e);
	return CLI_FAILED;
}

int modprobe_remove(struct modprobe *m, const char *name)
{
	struct lkm_plan *plan = NULL;
	struct lkm_error *e = NULL;
	int rc = modprobe_plan(m, name, NULL, &plan, &e);

	if (!rc)
		rc = lkm_plan_verdict(plan, &e);
	if (!rc && !m->dry_run)
		rc = modprobe_run(m, plan, 0, &e);
	for (size_t i = 0; !rc && m->dry_run && i < lkm_plan_count(plan); i++) {
		if (m->show_depends || m->verbose)
			modprobe_print_step(m, lkm_plan_step(plan, i));
	}
	lkm_plan_free(plan);
	/* The next one's plan is made with what this one left. */
	cli_facts_expire(m->t.cli);
	return rc < 0 ? remove_failed(m, name, e) : CLI_DONE;
}
