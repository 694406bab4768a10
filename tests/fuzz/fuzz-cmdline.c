// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as the kernel command line.

#include <stdlib.h>
#include <string.h>

#include "policy/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lkm_policy *p = calloc(1, sizeof(*p));

	if (!p)
		return 0;
	policy_read_cmdline(p, "fuzz", (struct span){ data, size });
	for (size_t i = 0; i < p->rules.len; i++) {
		const struct lkm_rule *rule = &p->rules.data[i];

		/* A name ends where the kernel would end a word. */
		if (!*rule->key || strpbrk(rule->key, " \t\n\""))
			abort();
		if (rule->kind == LKM_RULE_OPTIONS &&
		    (!*rule->value || strpbrk(rule->key, ".=")))
			abort();
	}
	lkm_policy_free(p);
	return 0;
}
