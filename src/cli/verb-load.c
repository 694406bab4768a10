// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm load: load modules with all that they need.
#include "cli/act.h"
#include "cli/gdb.h"
#include "cli/verbs.h"

#include <string.h>

/* For the next boots, where that was asked for. */
static int persist(struct cli *cli, const struct lkm_plan *plan,
		   struct lkm_error **reterr)
{
	const char *const *targets;
	size_t count;
	int rc = 0;

	if (!cli_has(cli, "persist"))
		return 0;
	targets = lkm_plan_targets(plan, &count);
	for (size_t i = 0; i < count && !rc; i++) {
		if (cli->dry_run)
			cli_note(cli, "would load %s at every boot",
				 targets[i]);
		else
			rc = lkm_policy_persist_load(cli->root, targets[i],
						     true, reterr);
		if (!rc && !cli->dry_run)
			cli_note(cli,
				 "%s is loaded at every boot "
				 "(/etc/modules-load.d/lkm.conf)",
				 targets[i]);
	}
	return rc;
}

static bool all_present(const struct lkm_plan *plan)
{
	for (size_t i = 0; i < lkm_plan_count(plan); i++) {
		const struct lkm_step *s = lkm_plan_step(plan, i);

		if (s->role == LKM_ROLE_TARGET &&
		    (s->kind == LKM_STEP_LOADED || s->kind == LKM_STEP_BUILTIN))
			continue;
		if (s->role == LKM_ROLE_TARGET)
			return false;
	}
	return true;
}

static int load_failing(struct cli *cli, struct lkm_plan *plan)
{
	struct lkm_error *e = NULL;
	int rc = act_fail_alloc(cli, plan, &e);

	lkm_plan_free(plan);
	return rc < 0 ? cli_fail(cli, e) : rc;
}

static int load_one(struct cli *cli, const struct request *request)
{
	struct lkm_error *e = NULL;
	struct lkm_plan *plan = NULL;
	struct gdb gdb = { 0 };
	size_t done = 0;
	int rc = act_plan(cli, request, act_plan_flags(cli), false, &plan, &e);

	if (rc < 0)
		return cli_fail(cli, e);
	if (cli_has(cli, "first-time") && all_present(plan)) {
		FAIL(&e, CLI_LOAD_PRESENT, KV_STR("module", request->name));
		rc = -1;
	}
	if (!rc && cli_has(cli, "fail-alloc"))
		return load_failing(cli, plan);
	if (!rc && gdb_is_wanted(cli) && !cli->dry_run)
		rc = gdb_start_load(cli, plan, &gdb, &e);
	if (!rc)
		rc = act_run(cli, plan, &done, &e);
	gdb_end_load(&gdb);
	if (!rc)
		rc = persist(cli, plan, &e);
	lkm_plan_free(plan);
	if (!rc)
		return CLI_DONE;
	rc = cli_fail(cli, e);
	return rc == CLI_FAILED && done ? CLI_PARTLY : rc;
}

/* All done, none done, or some: the last is an exit status of its own. */
int act_each(struct cli *cli, int argc, char **argv,
	     int (*one)(struct cli *cli, const struct request *request))
{
	struct request requests[ACT_MAX];
	size_t count, good = 0;
	bool partly = false;
	int worst = CLI_DONE;
	int rc;

	if (!act_options_are_fine(cli))
		return CLI_USAGE;
	rc = act_requests(cli, argc, argv, requests, &count);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		rc = one(cli, &requests[i]);
		cli_facts_expire(cli);
		good += rc == CLI_DONE;
		partly |= rc == CLI_PARTLY;
		if (rc && !worst)
			worst = rc;
	}
	act_requests_release(requests, count);
	if (good == count)
		return CLI_DONE;
	return good || partly ? CLI_PARTLY : worst;
}

static int load_run(struct cli *cli, int argc, char **argv)
{
	return act_each(cli, argc, argv, load_one);
}

const struct verb verb_load = {
	.name = "load",
	.args = "NAME [PARAM=VALUE]... [NAME...]",
	.summary = "load modules with all that they need",
	.detail = "NAME is a module, an alias (a modalias, symbol:NAME) or a "
		  "file (with a '/').  What it\nneeds is loaded first.  A plan "
		  "with a missing or forbidden module is refused before\nits "
		  "first step.  When the kernel refuses, the reason is looked "
		  "up in its log, in the\nfile and in its settings.  Exit "
		  "status 3: some were loaded, not all.",
	.options =
		(const struct option_spec[]){
			{ "persist", 0, NULL, "load it at every boot as well" },
			{ "timeout", 0, "SECONDS",
			  "wait no longer for one module" },
			{ "first-time", 0, NULL,
			  "fail when it is loaded already" },
			{ "blacklist", 'b', NULL,
			  "blacklist lines hold for NAME too" },
			{ "ignore-commands", 'i', NULL,
			  "no install lines for NAME itself" },
			{ "force", 'f', NULL,
			  "ignore symbol versions and vermagic" },
			{ "force-modversion", 0, NULL,
			  "ignore symbol versions" },
			{ "force-vermagic", 0, NULL,
			  "ignore the version magic" },
			{ "fail-alloc", 0, "N|all",
			  "hosted: fail this allocation of its init, in a copy" },
			{ "guard", 0, NULL,
			  "hosted: with guard pages, where one is started" },
			{ "gdb", 0, NULL,
			  "hosted: gdb on the terminal, stopped at its init" },
			{ "gdb-command", 0, "COMMAND",
			  "hosted: gdb does this there (and the next), no prompt" },
			{ 0 },
		},
	.flags = VERB_ON | VERB_BOOTS | VERB_GUEST,
	.words = WORDS_FILES_TOO,
	.run = load_run,
};
