// SPDX-License-Identifier: LGPL-2.1-or-later
// A plan as a value: its steps, and whether it may be executed.
#include "plan/plan.h"

#include <string.h>

#include "diag/error.h"

int plan_new(struct lkm_plan **ret, struct lkm_error **reterr)
{
	struct lkm_plan *p = calloc(1, sizeof(*p));

	if (!p)
		return error_nomem(reterr);
	*ret = p;
	return 0;
}

void lkm_plan_free(struct lkm_plan *plan)
{
	if (!plan)
		return;
	vec_release(&plan->steps);
	vec_release(&plan->targets);
	arena_release(&plan->arena);
	free(plan);
}

struct plan_step *plan_add(struct resolver *rs, int *ret_rc)
{
	struct plan_step s = { .pub.options = "" };
	struct lkm_plan *p = rs->plan;

	if (p->steps.len >= PLAN_MAX_STEPS) {
		*ret_rc = FAIL(rs->reterr, PLAN_LIMIT,
			       KV_STR("name", rs->req->name),
			       KV_STR("what", "steps"),
			       KV_NUM("limit", PLAN_MAX_STEPS));
		return NULL;
	}
	if (!vec_push(&p->steps, s)) {
		*ret_rc = error_nomem(rs->reterr);
		return NULL;
	}
	return &p->steps.data[p->steps.len - 1];
}

const char *plan_join(struct lkm_plan *plan, const char *a, const char *b)
{
	size_t la = strlen(a);
	size_t lb = strlen(b);
	size_t blank = la && lb ? 1 : 0;
	char *s;

	if (!la && !lb)
		return "";
	s = arena_alloc(&plan->arena, la + blank + lb + 1);
	if (!s)
		return NULL;
	memcpy(s, a, la);
	if (blank)
		s[la] = ' ';
	memcpy(s + la + blank, b, lb);
	s[la + blank + lb] = '\0';
	return s;
}

size_t lkm_plan_count(const struct lkm_plan *plan)
{
	return plan->steps.len;
}

const struct lkm_step *lkm_plan_step(const struct lkm_plan *plan, size_t i)
{
	return i < plan->steps.len ? &plan->steps.data[i].pub : NULL;
}

const char *const *lkm_plan_targets(const struct lkm_plan *plan,
				    size_t *ret_count)
{
	*ret_count = plan->targets.len;
	return plan->targets.data;
}

const char *lkm_plan_via(const struct lkm_plan *plan)
{
	return plan->via;
}

static int refused(const struct lkm_step *s, enum plan_reason reason,
		   struct lkm_error **reterr)
{
	int rc;

	if (reason == PLAN_BLACKLISTED)
		return FAIL(reterr, PLAN_BLACKLISTED,
			    KV_STR("module", s->module),
			    KV_STR("file", s->file), KV_NUM("line", s->line));
	rc = s->wanted_by ?
		     FAIL(reterr, PLAN_FORBIDDEN_DEPENDENCY,
			  KV_STR("module", s->module),
			  KV_STR("wanted-by", s->wanted_by),
			  KV_STR("file", s->file), KV_NUM("line", s->line)) :
		     FAIL(reterr, PLAN_FORBIDDEN, KV_STR("module", s->module),
			  KV_STR("file", s->file), KV_NUM("line", s->line));
	if (s->note)
		error_add_evidence(reterr, "plan", s->note);
	return rc;
}

static int missing(const struct lkm_step *s, struct lkm_error **reterr)
{
	return FAIL(reterr, PLAN_MISSING, KV_STR("module", s->module),
		    KV_STR("what", s->note ? s->note : "not in the tree"),
		    KV_STR("wanted-by", s->wanted_by ? s->wanted_by : ""),
		    KV_STR("path", s->path ? s->path : ""));
}

int lkm_plan_verdict(const struct lkm_plan *plan, struct lkm_error **reterr)
{
	const struct plan_step *lost = NULL;

	for (size_t i = 0; i < plan->steps.len; i++) {
		const struct plan_step *s = &plan->steps.data[i];

		if (s->pub.optional)
			continue;
		if (s->pub.kind == LKM_STEP_REFUSED)
			return refused(&s->pub, s->reason, reterr);
		if (s->pub.kind == LKM_STEP_MISSING && !lost)
			lost = s;
	}
	if (lost)
		return missing(&lost->pub, reterr);
	switch (plan->reason) {
	case PLAN_INUSE:
		return FAIL(reterr, PLAN_INUSE,
			    KV_STR("module", plan->reason_module),
			    KV_STR("users", plan->reason_users));
	case PLAN_IS_BUILTIN:
		return FAIL(reterr, PLAN_BUILTIN,
			    KV_STR("module", plan->reason_module));
	case PLAN_NOT_LOADED:
		return FAIL(reterr, PLAN_NOTLOADED,
			    KV_STR("module", plan->reason_module));
	default: return 0;
	}
}

const char *lkm_step_kind_name(enum lkm_step_kind kind)
{
	static const char *const names[] = {
		[LKM_STEP_LOAD] = "load",	[LKM_STEP_INSTALL] = "install",
		[LKM_STEP_BUILTIN] = "builtin", [LKM_STEP_LOADED] = "loaded",
		[LKM_STEP_REFUSED] = "refused", [LKM_STEP_MISSING] = "missing",
		[LKM_STEP_CYCLE] = "cycle",	[LKM_STEP_UNLOAD] = "unload",
		[LKM_STEP_REMOVE] = "remove",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const char *lkm_step_role_name(enum lkm_step_role role)
{
	static const char *const names[] = {
		[LKM_ROLE_TARGET] = "target",
		[LKM_ROLE_DEPENDENCY] = "dependency",
		[LKM_ROLE_SOFTDEP_PRE] = "softdep-pre",
		[LKM_ROLE_SOFTDEP_POST] = "softdep-post",
		[LKM_ROLE_HOLDER] = "holder",
		[LKM_ROLE_UNUSED] = "unused",
	};

	return (size_t)role < ARRAY_SIZE(names) ? names[role] : "unknown";
}
