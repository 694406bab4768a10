// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm plan: the steps that a load or an unload would take.
#include "cli/act.h"
#include "cli/verbs.h"

#include <string.h>

enum {
	PLAN_ACTION,
	PLAN_MODULE,
	PLAN_WHAT,
	PLAN_OPTIONS,
	PLAN_WHY,
	PLAN_RULE,
	PLAN_ROLE,
	PLAN_WANTED_BY,
	PLAN_OPTIONAL
};

static const struct column columns[] = {
	[PLAN_ACTION] = { "action", "ACTION", 0 },
	[PLAN_MODULE] = { "module", "MODULE", 0 },
	[PLAN_WHAT] = { "what", "WHAT", 0 },
	[PLAN_OPTIONS] = { "options", "OPTIONS", 0 },
	[PLAN_WHY] = { "note", "WHY", 0 },
	[PLAN_RULE] = { "rule", "RULE", COLUMN_JSON_ONLY },
	[PLAN_ROLE] = { "role", "ROLE", COLUMN_JSON_ONLY },
	[PLAN_WANTED_BY] = { "wanted-by", "WANTED-BY", COLUMN_JSON_ONLY },
	[PLAN_OPTIONAL] = { "optional", "OPTIONAL", COLUMN_JSON_ONLY },
};

static void plan_why(struct table *t, const struct lkm_step *s)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_adds(&b, lkm_step_role_name(s->role));
	if (s->wanted_by)
		strbuf_addf(&b, " of %s", s->wanted_by);
	if (s->file)
		strbuf_addf(&b, ", %s:%u", s->file, s->line);
	if (s->note)
		strbuf_addf(&b, " (%s)", s->note);
	table_str(t, PLAN_WHY, b.failed ? NULL : strbuf_str(&b));
	t->failed |= b.failed;
	if (s->file)
		table_strf(t, PLAN_RULE, "%s:%u", s->file, s->line);
}

void plan_table(struct table *t, const struct lkm_plan *plan)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		table_row(t, 0);
		table_str(t, PLAN_ACTION, lkm_step_kind_name(s->kind));
		table_str(t, PLAN_MODULE, s->module);
		table_str(t, PLAN_WHAT, s->command ? s->command : s->path);
		table_str(t, PLAN_OPTIONS, s->options);
		plan_why(t, s);
		table_str(t, PLAN_ROLE, lkm_step_role_name(s->role));
		table_str(t, PLAN_WANTED_BY, s->wanted_by);
		table_bool(t, PLAN_OPTIONAL, s->optional);
	}
}

void plan_table_init(struct table *t)
{
	table_init(t, "steps", columns, ARRAY_SIZE(columns));
}

static int plan_run(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	struct request requests[ACT_MAX];
	struct lkm_error *e = NULL;
	struct lkm_error *verdict = NULL;
	unsigned int flags = act_plan_flags(cli);
	bool unload = cli_has(cli, "unload");
	size_t count;
	int rc = act_requests(cli, argc, argv, requests, &count);

	plan_table_init(&t);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		struct lkm_plan *plan = NULL;

		if (act_plan(cli, &requests[i], flags, unload, &plan, &e) < 0) {
			act_requests_release(requests, count);
			return cli_fail(cli, e);
		}
		plan_table(&t, plan);
		if (!verdict)
			lkm_plan_verdict(plan, &verdict);
		lkm_plan_free(plan);
	}
	act_requests_release(requests, count);
	rc = table_print(&t, cli);
	if (!verdict)
		return rc;
	/* The plan itself is the answer on stdout; JSON stays one document. */
	if (!cli->json)
		return cli_fail(cli, verdict);
	lkm_error_free(verdict);
	return CLI_FAILED;
}

const struct verb verb_plan = {
	.name = "plan",
	.args = "NAME [PARAM=VALUE]...",
	.summary = "the steps that a load would take; nothing is done",
	.detail =
		"Resolves a module name, an alias (a modalias, symbol:NAME) "
		"or a file and shows each\nstep with its reason.  Exit status "
		"1 when the plan could not be executed: a module\nis missing, "
		"or a rule forbids it (file:line is named).",
	.options =
		(const struct option_spec[]){
			{ "unload", 'r', NULL, "the steps of an unload" },
			{ "fresh", 0, NULL, "as if nothing were loaded" },
			{ "ignore-commands", 'i', NULL,
			  "no install or remove lines for NAME itself" },
			{ "blacklist", 'b', NULL,
			  "blacklist lines hold for NAME too" },
			{ "holders", 0, NULL,
			  "unload: what uses NAME as well" },
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_FILES_TOO,
	.run = plan_run,
};
