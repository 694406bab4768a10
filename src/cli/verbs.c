// SPDX-License-Identifier: LGPL-2.1-or-later
// The list of verbs.
#include "cli/verbs.h"

#include <string.h>

const struct verb *const all_verbs[] = {
	/* look */
	&verb_list,
	&verb_info,
	&verb_tree,
	&verb_find,
	&verb_config,
	&verb_why,
	&verb_log,
	/* know before */
	&verb_plan,
	&verb_check,
	/* act */
	&verb_load,
	&verb_unload,
	&verb_reload,
	&verb_param,
	&verb_forbid,
	&verb_allow,
	/* make */
	&verb_index,
	&verb_keys,
	/* kernels */
	&verb_host,
	&verb_vm,
	/* about lkm */
	&verb_help,
	&verb_generate,
	NULL,
};

const struct verb *verb_find_by_name(const char *name)
{
	for (const struct verb *const *v = all_verbs; *v; v++) {
		if (!strcmp((*v)->name, name))
			return *v;
	}
	return NULL;
}
