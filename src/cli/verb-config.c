// SPDX-License-Identifier: LGPL-2.1-or-later
// lkm config: what the administrator has set, and where.
#include "base/text.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <fnmatch.h>
#include <string.h>

enum {
	CONFIG_KIND,
	CONFIG_KEY,
	CONFIG_VALUE,
	CONFIG_WHERE,
	CONFIG_FILE,
	CONFIG_LINE
};

static const struct column columns[] = {
	[CONFIG_KIND] = { "directive", "DIRECTIVE", 0 },
	[CONFIG_KEY] = { "key", "KEY", 0 },
	[CONFIG_VALUE] = { "value", "VALUE", COLUMN_TRUNC },
	[CONFIG_WHERE] = { "where", "WHERE", 0 },
	[CONFIG_FILE] = { "file", "FILE", COLUMN_JSON_ONLY },
	[CONFIG_LINE] = { "line", "LINE", COLUMN_JSON_ONLY },
};

static bool concerns(const struct lkm_rule *rule, const char *name)
{
	if (module_name_equals(rule->key, name))
		return true;
	if (rule->kind == LKM_RULE_ALIAS &&
	    module_name_equals(rule->value, name))
		return true;
	return fnmatch(rule->key, name, 0) == 0;
}

static int config_run(struct cli *cli, int argc, char **argv)
{
	_cleanup_table_ struct table t;
	const struct lkm_policy *policy;
	const struct lkm_rule *rules;
	struct lkm_error *e = NULL;
	size_t count;

	table_init(&t, "rules", columns, ARRAY_SIZE(columns));
	if (cli_policy(cli, &policy, &e) < 0)
		return cli_fail(cli, e);
	rules = lkm_policy_rules(policy, &count);
	for (size_t i = 0; i < count; i++) {
		bool show = !argc;

		for (int n = 0; n < argc; n++)
			show |= concerns(&rules[i], argv[n]);
		if (!show)
			continue;
		table_row(&t, 0);
		table_str(&t, CONFIG_KIND, lkm_rule_kind_name(rules[i].kind));
		table_str(&t, CONFIG_KEY, rules[i].key);
		table_str(&t, CONFIG_VALUE, rules[i].value);
		table_strf(&t, CONFIG_WHERE, "%s:%u", rules[i].file,
			   rules[i].line);
		table_str(&t, CONFIG_FILE, rules[i].file);
		table_num(&t, CONFIG_LINE, rules[i].line);
	}
	return table_print(&t, cli);
}

const struct verb verb_config = {
	.name = "config",
	.args = "[NAME...]",
	.summary =
		"the rules of modprobe.d and the command line, with file:line",
	.detail = "Every directive in force, in the order read, with the file "
		  "and line it stands in.\nWith NAME only those that concern "
		  "that module.",
	.flags = VERB_ON,
	.words = WORDS_MODULES,
	.run = config_run,
};
