// SPDX-License-Identifier: GPL-2.0-only
// Calls itself without end.
#include <linux/module.h>

static noinline int deeper(volatile char *above)
{
	volatile char here[64];

	here[0] = above[0] + 1;
	return deeper(here) + here[0]; /* MARK oops */
}

static int __init recursion_init(void)
{
	char first = 0;

	return deeper(&first) > 0;
}
module_init(recursion_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("recursion without end");
