// SPDX-License-Identifier: GPL-2.0-only
// Warns, prints its stack, and goes on.
#include <linux/module.h>

static noinline void inner(int n)
{
	WARN(n == 7, "seven is not allowed (%d)\n", n); /* MARK warning */
	dump_stack();
}

static int __init warn_init_init(void)
{
	inner(7); /* MARK init */
	return 0;
}
module_init(warn_init_init);

static void __exit warn_init_exit(void)
{
}
module_exit(warn_init_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("WARN in init");
