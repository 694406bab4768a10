// SPDX-License-Identifier: GPL-2.0-only
// An address that cannot be; a division by zero; a free of what is not memory.
#include <linux/module.h>
#include <linux/slab.h>

static char *how = "";
module_param(how, charp, 0);

static volatile int zero;

static noinline int divide(int n)
{
	return n / zero; /* MARK divide */
}

static int __init wild_init(void)
{
	volatile char *p = (char *)0x6b6b6b6b6b6b6b6bUL;

	if (!strcmp(how, "divide"))
		return divide(7) & 1;
	if (!strcmp(how, "free"))
		kfree((void *)0xffff812345678000UL); /* MARK free */
	else
		*p = 1; /* MARK oops */
	return 0;
}
module_init(wild_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("wild pointers");
