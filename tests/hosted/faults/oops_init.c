// SPDX-License-Identifier: GPL-2.0-only
// Reads through a null pointer two calls below its init.
#include <linux/module.h>

static noinline int reach(const int *p)
{
	return READ_ONCE(*p); /* MARK oops */
}

static noinline int middle(const int *p)
{
	return reach(p) + 1; /* MARK caller */
}

static int __init oops_init_init(void)
{
	pr_info("oops_init: here it comes\n");
	return middle(NULL) > 0; /* MARK init */
}
module_init(oops_init_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("oops in init");
