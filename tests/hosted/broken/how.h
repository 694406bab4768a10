/* SPDX-License-Identifier: GPL-2.0-only */
/* One module, many ways: "how" names a function of its table. */
#pragma once

#include <linux/module.h>

struct way {
	const char *name;
	int (*go)(void);
};

static char *how = "";
module_param(how, charp, 0);

static int go(const struct way *w)
{
	for (; w->name; w++)
		if (!strcmp(how, w->name))
			return w->go();
	return -ENOENT;
}

#define WAYS(module, ...)                                           \
	static const struct way ways[] = { __VA_ARGS__, { NULL } }; \
	static int __init module##_init(void)                       \
	{                                                           \
		return go(ways);                                    \
	}                                                           \
	module_init(module##_init);                                 \
	MODULE_LICENSE("GPL");                                      \
	MODULE_DESCRIPTION("goes wrong as it is told")
