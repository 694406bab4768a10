// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm reload: unload a module with what uses it, and load it all again.
#include "base/arena.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/act.h"
#include "cli/verbs.h"

#include <string.h>

/* A module that was unloaded, and the parameters that it had. */
struct saved {
	const char *name;
	const char *params; /* as sysfs shows them now */
	bool is_target;
};

struct reload {
	struct cli *cli;
	const struct request *request;
	const char *target; /* the module's name */
	struct arena arena;
	VEC(struct saved) saved; /* in the order of unloading */
	size_t unloaded;
};

/* What sysfs shows of a parameter that was never set, or that is no value. */
static bool is_settable(const struct lkm_param *p)
{
	return p->value && *p->value && strcmp(p->value, "(null)") &&
	       !strpbrk(p->value, "\"\n");
}

static int save_params(struct reload *r, const char *module, const char **ret,
		       struct lkm_error **reterr)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lkm_param *params = NULL;
	struct lkm_kernel *kernel;
	size_t count = 0;
	int rc = cli_kernel(r->cli, &kernel, reterr);

	if (!rc)
		rc = lkm_kernel_params(kernel, module, &params, &count, reterr);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		bool quote;

		if (!is_settable(&params[i]))
			continue;
		quote = strpbrk(params[i].value, " \t") != NULL;
		strbuf_addf(&b, "%s%s=%s%s%s", b.len ? " " : "", params[i].name,
			    quote ? "\"" : "", params[i].value,
			    quote ? "\"" : "");
	}
	lkm_params_free(params, count);
	*ret = arena_strdup(&r->arena, strbuf_str(&b));
	return *ret && !b.failed ? 0 : error_nomem(reterr);
}

static int save_state(struct reload *r, const struct lkm_plan *plan,
		      struct lkm_error **reterr)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);
		struct saved item = { 0 };
		int rc;

		if (s->kind != LKM_STEP_UNLOAD)
			continue;
		item.name = arena_strdup(&r->arena, s->module);
		item.is_target = s->role == LKM_ROLE_TARGET;
		rc = save_params(r, s->module, &item.params, reterr);
		if (rc < 0)
			return rc;
		if (!item.name || !vec_push(&r->saved, item))
			return error_nomem(reterr);
	}
	return 0;
}

/* Load @name (a module or a file), what it needs included. */
static int load(struct reload *r, const char *name, const char *params,
		struct lkm_error **reterr)
{
	struct request request = { name, (char *)(uintptr_t)params };
	struct lkm_plan *plan = NULL;
	int rc;

	cli_facts_expire(r->cli);
	rc = act_plan(r->cli, &request, LKM_PLAN_NO_SOFTDEPS, false, &plan,
		      reterr);
	if (!rc)
		rc = act_run(r->cli, plan, NULL, reterr);
	lkm_plan_free(plan);
	return rc;
}

/*
 * With the parameters that it had.  Not every value that sysfs shows can be
 * given back, so a refusal gets a second try with the configured ones.
 */
static int load_saved(struct reload *r, const char *name, const char *params,
		      struct lkm_error **reterr)
{
	_cleanup_error_ struct lkm_error *e = NULL;
	int rc;

	if (!*params)
		return load(r, name, "", reterr);
	if (load(r, name, params, &e) == 0)
		return 0;
	rc = load(r, name, "", reterr);
	if (!rc)
		cli_note(r->cli,
			 "warning: %s did not take its parameters "
			 "back (%s); it has its configured ones now",
			 name, params);
	return rc;
}

/* The parameters that it had, then those of the command line: the last wins. */
static const char *target_params(struct reload *r, const struct saved *s)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_addf(&b, "%s%s%s", s->params,
		    *s->params && *r->request->params ? " " : "",
		    r->request->params);
	return arena_strdup(&r->arena, strbuf_str(&b));
}

static int load_target(struct reload *r, const struct saved *s,
		       struct lkm_error **reterr)
{
	_cleanup_error_ struct lkm_error *lost = NULL;
	const char *params = target_params(r, s);
	bool is_file = strchr(r->request->name, '/');
	int rc;

	if (!params)
		return error_nomem(reterr);
	rc = load_saved(r, is_file ? r->request->name : s->name, params,
			reterr);
	if (!rc || !is_file)
		return rc;
	/* The tree has another file of that name: what ran before, mostly. */
	if (load_saved(r, s->name, s->params, &lost) == 0)
		cli_note(r->cli,
			 "warning: %s of the module tree is loaded "
			 "again instead",
			 s->name);
	else
		cli_note(r->cli,
			 "warning: %s is no longer loaded; the tree's "
			 "own file was refused as well",
			 s->name);
	return rc;
}

/* Load what was unloaded, the last first.  Losses are named one by one. */
static int restore(struct reload *r, struct lkm_error **reterr)
{
	int worst = 0;

	for (size_t i = r->unloaded; i-- > 0;) {
		const struct saved *s = &r->saved.data[i];
		struct lkm_error *e = NULL;
		int rc;

		rc = s->is_target ? load_target(r, s, &e) :
				    load_saved(r, s->name, s->params, &e);
		if (!rc)
			continue;
		if (!s->is_target || worst)
			cli_note(r->cli,
				 "warning: %s was loaded before and is "
				 "not now",
				 s->name);
		if (worst) {
			lkm_error_free(e);
			continue;
		}
		worst = rc;
		*reterr = e;
	}
	return worst;
}

static int reload_plan(struct reload *r, struct lkm_plan **ret,
		       struct lkm_error **reterr)
{
	struct request request = { r->target, (char *)(uintptr_t) "" };
	int rc = act_plan(r->cli, &request,
			  LKM_PLAN_HOLDERS | LKM_PLAN_KEEP_UNUSED |
				  LKM_PLAN_NO_SOFTDEPS,
			  true, ret, reterr);

	if (!rc)
		rc = lkm_plan_verdict(*ret, reterr);
	if (!rc)
		rc = save_state(r, *ret, reterr);
	return rc;
}

static int reload_module(struct reload *r, struct lkm_error **reterr)
{
	struct lkm_error *first = NULL;
	struct lkm_plan *plan = NULL;
	int rc = reload_plan(r, &plan, reterr);

	if (rc < 0 || r->cli->dry_run) {
		if (!rc)
			rc = act_run(r->cli, plan, NULL, reterr);
		lkm_plan_free(plan);
		return rc;
	}
	rc = act_run(r->cli, plan, &r->unloaded, &first);
	lkm_plan_free(plan);
	if (rc < 0) {
		/* Half unloaded: what is gone comes back. */
		_cleanup_error_ struct lkm_error *also = NULL;

		restore(r, &also);
		*reterr = first;
		return rc;
	}
	return restore(r, reterr);
}

static int reload_one(struct cli *cli, const struct request *request)
{
	struct reload r = { .cli = cli, .request = request };
	struct lkm_error *e = NULL;
	char name[MODULE_NAME_MAX];
	int rc;

	if (!module_name_of_file(request->name, name, sizeof(name)))
		return cli_usage(cli, "'%s' is no module name", request->name);
	r.target = name;
	rc = reload_module(&r, &e);
	vec_release(&r.saved);
	arena_release(&r.arena);
	if (!rc)
		return CLI_DONE;
	rc = cli_fail(cli, e);
	return rc == CLI_FAILED && r.unloaded ? CLI_PARTLY : rc;
}

static int reload_run(struct cli *cli, int argc, char **argv)
{
	return act_each(cli, argc, argv, reload_one);
}

const struct verb verb_reload = {
	.name = "reload",
	.args = "NAME|FILE [PARAM=VALUE]...",
	.summary = "unload a module with what uses it, and load it all again",
	.detail =
		"What uses the module is unloaded first and comes back after "
		"it, each with the\nparameters that it had.  With a FILE that "
		"file is loaded instead; when the kernel\nrefuses it, the "
		"tree's own module comes back.  What could not be brought "
		"back is named;\nexit status 3.",
	.options =
		(const struct option_spec[]){
			{ "wait", 'w', "SECONDS", "retry while it is in use" },
			{ "timeout", 0, "SECONDS",
			  "wait no longer for one module" },
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_FILES_TOO,
	.run = reload_run,
};
