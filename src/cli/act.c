// SPDX-License-Identifier: LGPL-2.1-or-later
// What plan, load, unload and reload share.
#include "cli/act.h"

#include <string.h>

void act_add_param(struct strbuf *b, const char *word)
{
	const char *eq = strchr(word, '=');
	const char *value = eq ? eq + 1 : word;

	if (b->len)
		strbuf_addc(b, ' ');
	if (eq && *value != '"' && strpbrk(value, " \t\n")) {
		strbuf_add(b, word, (size_t)(value - word));
		strbuf_addf(b, "\"%s\"", value);
	} else {
		strbuf_adds(b, word);
	}
}

bool act_is_param(const char *word)
{
	return strchr(word, '=') && word[0] != '/' && word[0] != '.';
}

int act_requests(struct cli *cli, int argc, char **argv, struct request *ret,
		 size_t *ret_count)
{
	size_t count = 0;
	int i = 0;

	while (i < argc) {
		struct strbuf b = { 0 };

		if (act_is_param(argv[i])) {
			act_requests_release(ret, count);
			return cli_usage(cli, "'%s' has no module before it",
					 argv[i]);
		}
		if (count == ACT_MAX) {
			act_requests_release(ret, count);
			return cli_usage(cli, "more than %d modules", ACT_MAX);
		}
		ret[count].name = argv[i++];
		for (; i < argc && act_is_param(argv[i]); i++)
			act_add_param(&b, argv[i]);
		ret[count].params = strbuf_take(&b);
		if (!ret[count++].params) {
			struct lkm_error *e = NULL;

			act_requests_release(ret, count);
			error_nomem(&e);
			return cli_fail(cli, e);
		}
	}
	if (!count)
		return cli_usage(cli, "which module?");
	*ret_count = count;
	return CLI_DONE;
}

void act_requests_release(struct request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(requests[i].params);
}

unsigned int act_plan_flags(const struct cli *cli)
{
	static const struct {
		const char *option;
		unsigned int flag;
	} flags[] = {
		{ "fresh", LKM_PLAN_IGNORE_LOADED },
		{ "ignore-commands", LKM_PLAN_IGNORE_COMMANDS },
		{ "blacklist", LKM_PLAN_BLACKLIST },
		{ "holders", LKM_PLAN_HOLDERS },
		{ "keep-unused", LKM_PLAN_KEEP_UNUSED },
		{ "force", LKM_PLAN_IGNORE_REFCOUNT },
	};
	unsigned int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (cli_has(cli, flags[i].option))
			ret |= flags[i].flag;
	}
	return ret;
}

int act_plan(struct cli *cli, const struct request *request, unsigned int flags,
	     bool unload, struct lkm_plan **ret, struct lkm_error **reterr)
{
	struct lkm_plan_request r = { .size = sizeof(r),
				      .name = request->name,
				      .options = request->params,
				      .flags = flags };
	struct lkm_plan_inputs in;
	const struct lkm_facts *facts;
	int rc = cli_facts(cli, &facts, reterr);

	/* Said first: on such a machine nothing else about modules is true. */
	if (!rc && cli_has_kernel(cli) &&
	    lkm_facts_known(facts, LKM_FACT_HAS_MODULES) == LKM_NO)
		return FAIL(reterr, CLI_KERNEL_MODULELESS);
	/* A loaded module and a file are there without a tree, too. */
	cli->tree_may_be_gone = unload || strchr(request->name, '/');
	if (!rc)
		rc = cli_plan_inputs(cli, &in, reterr);
	if (rc < 0)
		return rc;
	return unload ? lkm_plan_unload(&in, &r, ret, reterr) :
			lkm_plan_load(&in, &r, ret, reterr);
}
