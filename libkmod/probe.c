// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading and unloading.
#include "internal.h"

#include <string.h>
#include <syslog.h>

#include "base/strbuf.h"
#include "kernel/kernel.h"

struct probe {
	struct kmod_module *mod;
	unsigned int flags;
	const char *options;
	int (*run_install)(struct kmod_module *m, const char *cmdline,
			   void *data);
	const void *data;
	void (*print_action)(struct kmod_module *m, bool install,
			     const char *options);
};

int kmod_module_remove_module(struct kmod_module *mod, unsigned int flags)
{
	unsigned int how = flags & KMOD_REMOVE_FORCE ? LKM_UNLOAD_FORCE : 0;
	struct lkm_error *e = NULL;
	struct lkm_kernel *kernel;
	int rc;

	if (!mod)
		return -ENOENT;
	rc = ctx_kernel(mod->ctx, &kernel);
	if (rc < 0)
		return rc;
	rc = lkm_kernel_unload(kernel, mod->name, how, 0, &e);
	return ctx_errno(mod->ctx, rc, e,
			 flags & KMOD_REMOVE_NOLOG ? LOG_DEBUG : LOG_ERR);
}

int kmod_module_insert_module(struct kmod_module *mod, unsigned int flags,
			      const char *options)
{
	/* A library neither starts processes nor takes signals away. */
	unsigned int how = LKM_LOAD_DIRECT;
	struct lkm_error *e = NULL;
	struct lkm_kernel *kernel;
	const char *path;
	int rc;

	if (!mod)
		return -ENOENT;
	path = kmod_module_get_path(mod);
	if (!path) {
		LOG(mod->ctx, LOG_ERR, "there is no module '%s'\n", mod->name);
		return -ENOENT;
	}
	rc = ctx_kernel(mod->ctx, &kernel);
	if (rc < 0)
		return rc;
	if (flags & KMOD_INSERT_FORCE_VERMAGIC)
		how |= LKM_LOAD_FORCE_VERMAGIC;
	if (flags & KMOD_INSERT_FORCE_MODVERSION)
		how |= LKM_LOAD_FORCE_MODVERSIONS;
	rc = lkm_kernel_load(kernel, path, options, how, 0, &e);
	return ctx_errno(mod->ctx, rc, e, LOG_INFO);
}

static bool is_in_kernel(const struct kmod_module *mod)
{
	int state = kmod_module_get_initstate(mod);

	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* The flag for which a blacklist line stops this, 0: none. */
static int blacklist_verdict(const struct probe *p)
{
	if (!module_is_blacklisted(p->mod))
		return 0;
	if (p->mod->alias && p->flags & KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY)
		return KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY;
	if (p->flags & KMOD_PROBE_APPLY_BLACKLIST_ALL)
		return KMOD_PROBE_APPLY_BLACKLIST_ALL;
	if (p->flags & KMOD_PROBE_APPLY_BLACKLIST)
		return KMOD_PROBE_APPLY_BLACKLIST;
	return 0;
}

/* @facts may be NULL: as if nothing was loaded. */
static int make_plan(const struct probe *p, struct lkm_tree *tree,
		     struct lkm_facts *facts, struct lkm_plan **ret,
		     struct lkm_error **reterr)
{
	const struct lkm_plan_inputs inputs = { tree, p->mod->ctx->policy,
						facts, LKM_DIALECT_KMOD };
	struct lkm_plan_request request = {
		.size = sizeof(request),
		.name = p->mod->name,
		.options = p->options,
		.flags = LKM_PLAN_EXACT,
		.alias = p->mod->alias,
		/* One that it has been given; the tree knows its own. */
		.path = p->mod->builtin == BUILTIN_NO ? p->mod->path : NULL,
	};
	struct lkm_error *e = NULL;
	int rc;

	if (!facts)
		request.flags |= LKM_PLAN_IGNORE_LOADED;
	if (p->flags & KMOD_PROBE_IGNORE_COMMAND)
		request.flags |= LKM_PLAN_IGNORE_COMMANDS;
	rc = lkm_plan_load(&inputs, &request, ret, reterr);
	if (rc < 0)
		return rc;
	/* That the module itself has no file is said when its turn comes. */
	rc = lkm_plan_verdict(*ret, &e);
	if (rc == -LKM_ENOTFOUND &&
	    !strcmp(lkm_error_get(e, "module"), p->mod->name)) {
		lkm_error_free(e);
		return 0;
	}
	if (rc < 0) {
		lkm_plan_free(*ret);
		*reterr = e;
	}
	return rc;
}

static int replan(const struct probe *p, struct lkm_tree *tree,
		  struct lkm_plan **ret, struct lkm_error **reterr)
{
	struct lkm_facts *facts = NULL;
	struct lkm_kernel *kernel;
	int rc;

	if (ctx_kernel(p->mod->ctx, &kernel) < 0)
		return error_system(reterr, ENOSYS, "ask", "the kernel");
	rc = lkm_kernel_facts(kernel, &facts, reterr);
	if (rc == 0)
		rc = make_plan(p, tree, facts, ret, reterr);
	lkm_facts_free(facts);
	return rc;
}

static int run_command(const struct probe *p, struct kmod_module *mod,
		       const struct lkm_step *step)
{
	struct lkm_error *e = NULL;
	int rc;

	if (p->run_install)
		return p->run_install(mod, step->command,
				      (void *)(uintptr_t)p->data);
	rc = kernel_run_command(step, 0, &e);
	if (rc < 0 && lkm_error_get(e, "status")) {
		/* Its exit status is the answer, as it always was. */
		long status = strtol(lkm_error_get(e, "status"), NULL, 10);

		ctx_errno(mod->ctx, rc, e, LOG_ERR);
		return (int)-status;
	}
	return ctx_errno(mod->ctx, rc, e, LOG_ERR);
}

static int act(const struct probe *p, struct kmod_module *mod,
	       const struct lkm_step *step)
{
	bool install = step->kind == LKM_STEP_INSTALL;
	const char *more = mod == p->mod && p->options ? p->options : "";
	const char *options = step->options;
	_cleanup_free_ char *made = NULL;

	/* A step that has no file to load has no options either. */
	if (!install && step->kind != LKM_STEP_LOAD) {
		made = module_options(mod, more);
		options = made ? made : "";
	}
	if (p->print_action)
		p->print_action(mod, install, options);
	if (p->flags & KMOD_PROBE_DRY_RUN)
		return 0;
	return install ? run_command(p, mod, step) :
			 kmod_module_insert_module(mod, p->flags, options);
}

/* Nothing to do, and not even to try. */
static bool is_only_said(const struct lkm_step *step)
{
	if (step->kind == LKM_STEP_CYCLE || step->kind == LKM_STEP_REFUSED)
		return true;
	/* A word of a softdep line that leads nowhere. */
	return step->kind == LKM_STEP_MISSING && !step->path &&
	       (step->role == LKM_ROLE_SOFTDEP_PRE ||
		step->role == LKM_ROLE_SOFTDEP_POST);
}

static int run_step(const struct probe *p, const struct lkm_step *step)
{
	struct kmod_module *mod;
	bool target = step->role == LKM_ROLE_TARGET;
	int rc = 0;

	if (is_only_said(step))
		return 0;
	if (target)
		mod = kmod_module_ref(p->mod);
	else
		rc = module_new(p->mod->ctx, step->module, NULL, &mod);
	if (rc < 0)
		return rc;
	if (p->flags & KMOD_PROBE_APPLY_BLACKLIST_ALL &&
	    module_is_blacklisted(mod))
		rc = 0;
	else if (!(p->flags & KMOD_PROBE_IGNORE_LOADED) && is_in_kernel(mod))
		rc = -EEXIST;
	else
		rc = act(p, mod, step);
	kmod_module_unref(mod);
	if (rc == -EEXIST)
		return target && p->flags & KMOD_PROBE_FAIL_ON_LOADED ? rc : 0;
	return step->optional && rc < 0 ? 0 : rc;
}

static int run(const struct probe *p, struct lkm_tree *tree)
{
	struct lkm_error *e = NULL;
	struct lkm_plan *plan;
	int rc = make_plan(p, tree, NULL, &plan, &e);

	/*
	 * Each step looks for itself whether its module is loaded; to read all
	 * of the kernel's is for a plan that is refused, of which what is in
	 * the way may be loaded.
	 */
	if (rc < 0 && !(p->flags & KMOD_PROBE_IGNORE_LOADED)) {
		lkm_error_free(e);
		e = NULL;
		rc = replan(p, tree, &plan, &e);
	}
	if (rc < 0)
		return ctx_errno(p->mod->ctx, rc, e, LOG_ERR);
	for (size_t i = 0; rc >= 0 && i < lkm_plan_count(plan); i++)
		rc = run_step(p, lkm_plan_step(plan, i));
	lkm_plan_free(plan);
	return rc;
}

int kmod_module_probe_insert_module(
	struct kmod_module *mod, unsigned int flags, const char *extra_options,
	int (*run_install)(struct kmod_module *m, const char *cmdline,
			   void *data),
	const void *data,
	void (*print_action)(struct kmod_module *m, bool install,
			     const char *options))
{
	const struct probe p = { mod,	      flags, extra_options,
				 run_install, data,  print_action };
	struct lkm_tree *tree;
	int rc;

	if (!mod)
		return -ENOENT;
	if (!(flags & KMOD_PROBE_IGNORE_LOADED) && is_in_kernel(mod))
		return flags & KMOD_PROBE_FAIL_ON_LOADED ? -EEXIST : 0;
	rc = blacklist_verdict(&p);
	if (rc)
		return rc;
	rc = ctx_tree(mod->ctx, &tree);
	if (rc < 0)
		return rc;
	rc = run(&p, tree);
	ctx_tree_put(mod->ctx, tree);
	return rc;
}
