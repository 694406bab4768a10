// SPDX-License-Identifier: GPL-2.0-only
// BUG() when it is unloaded.
#include <linux/module.h>

static int __init bug_exit_init(void)
{
	return 0;
}
module_init(bug_exit_init);

static void __exit bug_exit_exit(void)
{
	BUG(); /* MARK oops */
}
module_exit(bug_exit_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("BUG in exit");
