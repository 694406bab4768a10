// SPDX-License-Identifier: GPL-2.0-only
// An oops in init: a string parameter without a default is a null pointer.
/*
 *	$ insmod greet-broken.ko
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *name;
module_param(name, charp, 0444);

static int __init greet_init(void)
{
	if (isupper(name[0])) /* BUG: oops */
		pr_info("hello, %s\n", name);
	return 0;
}

static void __exit greet_exit(void)
{
}

module_init(greet_init);
module_exit(greet_exit);
MODULE_DESCRIPTION("Broken sample: oops in init");
MODULE_LICENSE("GPL");
