/* SPDX-License-Identifier: GPL-2.0-only */
/* An init function that takes its time, and says when it has begun and ended.
 */
#include <linux/delay.h>
#include <linux/module.h>

static int __init slow_init(void)
{
	pr_info("slow: begin %s\n", KBUILD_MODNAME);
	msleep(3000);
	pr_info("slow: end %s\n", KBUILD_MODNAME);
	return 0;
}

static void __exit slow_exit(void)
{
}

module_init(slow_init);
module_exit(slow_exit);
MODULE_LICENSE("GPL");
