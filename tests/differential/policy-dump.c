// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints all rules in the form and order of "modprobe -c", for the comparison
// with kmod.
#include <lkm/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order in which kmod prints the kinds. */
static const enum lkm_rule_kind order[] = {
	LKM_RULE_BLACKLIST, LKM_RULE_INSTALL, LKM_RULE_REMOVE,
	LKM_RULE_ALIAS,	    LKM_RULE_OPTIONS, LKM_RULE_SOFTDEP,
};

static void dump(const struct lkm_policy *policy, enum lkm_rule_kind kind)
{
	const struct lkm_rule *rules;
	size_t count;

	rules = lkm_policy_rules(policy, &count);
	for (size_t i = 0; i < count; i++) {
		if (rules[i].kind != kind)
			continue;
		printf("%s %s", lkm_rule_kind_name(kind), rules[i].key);
		if (kind != LKM_RULE_BLACKLIST)
			printf(" %s", rules[i].value);
		putchar('\n');
	}
}

/* policy-dump MODULE_DIR [PATH...]: PATHs as "modprobe -C" takes them */
int main(int argc, char **argv)
{
	struct lkm_policy_options options = { .size = sizeof(options) };
	const struct lkm_policy_warning *warnings;
	struct lkm_error *error = NULL;
	struct lkm_policy *policy;
	size_t count;

	if (argc < 2)
		return 2;
	options.module_dir = *argv[1] ? argv[1] : NULL;
	options.paths = (const char *const *)argv + 2;
	options.path_count = (size_t)argc - 2;
	if (lkm_policy_load(&options, &policy, &error) < 0) {
		char *text = lkm_error_text(error);

		fprintf(stderr, "error[%s]: %s\n", lkm_error_id(error),
			text ? text : "");
		free(text);
		lkm_error_free(error);
		return 1;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		dump(policy, order[i]);
	warnings = lkm_policy_warnings(policy, &count);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "%s:%u: %s\n", warnings[i].file,
			warnings[i].line, warnings[i].text);
	lkm_policy_free(policy);
	return 0;
}
