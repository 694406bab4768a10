// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm unload: unload modules and what only they used.
#include "cli/act.h"
#include "cli/verbs.h"

#include <string.h>

static int persist_off(struct cli *cli, const struct lkm_plan *plan,
		       struct lkm_error **reterr)
{
	const char *const *targets;
	size_t count;
	int rc = 0;

	if (!cli_has(cli, "persist") || cli->dry_run)
		return 0;
	targets = lkm_plan_targets(plan, &count);
	for (size_t i = 0; i < count && !rc; i++)
		rc = lkm_policy_persist_load(cli->root, targets[i], false,
					     reterr);
	return rc;
}

static int unload_one(struct cli *cli, const struct request *request)
{
	struct lkm_error *e = NULL;
	struct lkm_plan *plan = NULL;
	size_t done = 0;
	int rc;

	if (*request->params)
		return cli_usage(cli, "unload takes no parameters");
	rc = act_plan(cli, request, act_plan_flags(cli), true, &plan, &e);
	if (rc < 0)
		return cli_fail(cli, e);
	rc = act_run(cli, plan, &done, &e);
	if (!rc)
		rc = persist_off(cli, plan, &e);
	lkm_plan_free(plan);
	if (!rc)
		return CLI_DONE;
	rc = cli_fail(cli, e);
	return rc == CLI_FAILED && done ? CLI_PARTLY : rc;
}

static int unload_run(struct cli *cli, int argc, char **argv)
{
	return act_each(cli, argc, argv, unload_one);
}

const struct verb verb_unload = {
	.name = "unload",
	.args = "NAME...",
	.summary = "unload modules and what only they used",
	.detail = "Unloads NAME, then the modules that it alone used.  Says "
		  "who uses it when it cannot\nbe unloaded.",
	.options =
		(const struct option_spec[]){
			{ "holders", 0, NULL, "first unload what uses NAME" },
			{ "keep-unused", 0, NULL,
			  "leave what NAME used loaded" },
			{ "wait", 'w', "SECONDS", "retry while it is in use" },
			{ "timeout", 0, "SECONDS",
			  "wait no longer for one module" },
			{ "force", 'f', NULL,
			  "although in use (kernels that allow it; taints)" },
			{ "ignore-commands", 'i', NULL,
			  "no remove lines for NAME itself" },
			{ "persist", 0, NULL,
			  "no longer load it at boot either" },
			{ 0 },
		},
	.flags = VERB_ON,
	.words = WORDS_LOADED,
	.run = unload_run,
};
