// SPDX-License-Identifier: LGPL-2.1-or-later
// load --fail-alloc: a module's init with one allocation after another failing.
#include "cli/act.h"

#include <string.h>

#include "base/text.h"

/* No module's init comes near; one that never ends must. */
#define RUNS_MAX 100000
#define FAILED "failed-allocation"

enum { RUN_NUMBER, RUN_RESULT, RUN_FOUND, RUN_WHERE };

static const struct column columns[] = {
	[RUN_NUMBER] = { "allocation", "N", COLUMN_RIGHT },
	[RUN_RESULT] = { "result", "RESULT", 0 },
	[RUN_FOUND] = { "found", "FOUND", 0 },
	[RUN_WHERE] = { "where", "WHERE", COLUMN_TRUNC },
};

struct trial {
	struct cli *cli;
	const struct lkm_step *target;
	struct lkm_host *base; /* a copy in which all that it needs is loaded */
	struct table table;
	bool found; /* something that should not be */
};

static int open_copy(struct lkm_host *of, uint64_t fail,
		     struct lkm_host **ret_host, struct lkm_kernel **ret,
		     struct lkm_error **reterr)
{
	struct lkm_kernel_options o = { .size = sizeof(o) };
	int rc = lkm_host_copy(of, fail, &o.host, reterr);

	if (rc < 0)
		return rc;
	rc = lkm_kernel_open(LKM_KERNEL_HOSTED, &o, ret, reterr);
	if (rc < 0)
		lkm_host_free(o.host);
	else
		*ret_host = o.host;
	return rc;
}

/* All before the target, in the copy that the others are copies of. */
static int prepare(struct trial *t, const struct lkm_plan *plan,
		   struct lkm_error **reterr)
{
	struct lkm_kernel *kernel;
	struct lkm_host *host;
	int rc = cli_host(t->cli, &host, reterr);

	if (!rc)
		rc = open_copy(host, 0, &t->base, &kernel, reterr);
	if (rc < 0)
		return rc;
	for (size_t i = 0; !rc && i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->kind == LKM_STEP_LOAD && s->role == LKM_ROLE_TARGET) {
			t->target = s;
			break;
		}
		if (s->kind == LKM_STEP_LOAD)
			rc = lkm_kernel_load(kernel, s->path, s->options, 0, 0,
					     s->optional ? NULL : reterr);
		if (s->optional)
			rc = 0;
	}
	lkm_kernel_free(kernel);
	if (!rc && !t->target)
		rc = FAIL(reterr, CLI_LOAD_PRESENT,
			  KV_STR("module", "the module"));
	return rc;
}

/* One row of what was found; false: that allocation never came. */
static bool take_findings(struct trial *t, struct lkm_host *host, uint64_t n,
			  const char *result)
{
	_cleanup_strbuf_ struct strbuf kinds = { 0 };
	const struct lkm_finding *f;
	const char *where = NULL;

	for (size_t i = 0; (f = lkm_host_finding(host, i)); i++) {
		if (!strcmp(f->kind, FAILED))
			where = f->text;
		else
			strbuf_addf(&kinds, "%s%s", kinds.len ? ", " : "",
				    f->kind);
	}
	if (!where)
		return false;
	t->found |= kinds.len > 0;
	table_row(&t->table, 0);
	table_num(&t->table, RUN_NUMBER, (int64_t)n);
	table_str(&t->table, RUN_RESULT, result);
	table_str(&t->table, RUN_FOUND, strbuf_str(&kinds));
	table_str(&t->table, RUN_WHERE, where);
	if (kinds.len && !t->cli->json)
		cli_report_findings(host);
	return true;
}

/* 1: there was such an allocation; 0: there are no more */
static int run_once(struct trial *t, uint64_t n, struct lkm_error **reterr)
{
	struct lkm_error *refusal = NULL;
	struct lkm_kernel *kernel;
	struct lkm_host *host;
	const char *result = "loaded";
	int rc = open_copy(t->base, n, &host, &kernel, reterr);

	if (rc < 0)
		return rc;
	if (lkm_kernel_load(kernel, t->target->path, t->target->options, 0, 0,
			    &refusal) < 0) {
		result = strerrorname_np(lkm_error_errno(refusal));
		if (!result)
			result = lkm_error_id(refusal);
	}
	if (refusal && !strcmp(lkm_error_id(refusal), "host.kernel.died")) {
		table_row(&t->table, 0);
		table_num(&t->table, RUN_NUMBER, (int64_t)n);
		table_str(&t->table, RUN_RESULT, "the kernel died");
		t->found = true;
		rc = 1;
	} else {
		rc = take_findings(t, host, n, result);
	}
	lkm_error_free(refusal);
	lkm_kernel_free(kernel);
	lkm_host_free(host);
	return rc;
}

static int run_all(struct trial *t, uint64_t only, struct lkm_error **reterr)
{
	int rc = 1;

	if (only)
		return run_once(t, only, reterr);
	for (uint64_t n = 1; rc > 0 && n <= RUNS_MAX; n++)
		rc = run_once(t, n, reterr);
	return rc;
}

int act_fail_alloc(struct cli *cli, const struct lkm_plan *plan,
		   struct lkm_error **reterr)
{
	const char *which = cli_opt(cli, "fail-alloc");
	struct trial t = { .cli = cli };
	uint64_t only = 0;
	int rc = lkm_plan_verdict(plan, reterr);

	/* act_options_are_fine() has seen it. */
	if (strcmp(which, "all") != 0)
		text_to_u64(which, 10, &only);
	table_init(&t.table, "runs", columns, ARRAY_SIZE(columns));
	if (!rc)
		rc = prepare(&t, plan, reterr);
	if (!rc)
		rc = run_all(&t, only, reterr);
	lkm_host_free(t.base);
	if (rc >= 0)
		rc = table_print(&t.table, cli);
	table_release(&t.table);
	return rc < 0 ? rc : t.found ? CLI_FAILED : rc;
}
