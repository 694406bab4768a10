// SPDX-License-Identifier: GPL-2.0-only
// Calls through a null pointer.
#include <linux/module.h>

static int (*volatile function)(int);

static int __init null_call_init(void)
{
	int n = function(3); /* MARK caller */

	pr_info("null_call: never seen: %d\n", n);
	return 0;
}
module_init(null_call_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a call through a null pointer");
