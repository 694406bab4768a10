// SPDX-License-Identifier: GPL-2.0-only
// printk and module parameters: plain, an array, and one that is checked.
/*
 *	$ insmod greet.ko name=you times=2 marks=3,4
 *	$ dmesg | grep -E "greet: (hello|marks)"
 *	greet: hello, you
 *	greet: hello, you
 *	greet: marks 3 4
 *	$ cat /sys/module/greet/parameters/name
 *	you
 *	$ echo 3 > /sys/module/greet/parameters/times
 *	$ cat /sys/module/greet/parameters/times
 *	3
 *	$ echo 10 > /sys/module/greet/parameters/times
 *	[failed]
 *	$ rmmod greet
 *	$ dmesg | tail -n 1
 *	greet: bye, you
 *	$ insmod greet.ko times=10
 *	[failed]
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>

static char *name = "world";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "whom to greet");

static int marks[4];
static unsigned int marks_count;
module_param_array(marks, int, &marks_count, 0444);
MODULE_PARM_DESC(marks, "up to four numbers to print");

static unsigned int times = 1;

static int times_set(const char *text, const struct kernel_param *p)
{
	return param_set_uint_minmax(text, p, 1, 9);
}

static const struct kernel_param_ops times_ops = {
	.set = times_set,
	.get = param_get_uint,
};
module_param_cb(times, &times_ops, &times, 0644);
MODULE_PARM_DESC(times, "how often, 1 to 9");

static int __init greet_init(void)
{
	unsigned int i;

	for (i = 0; i < times; i++)
		pr_info("hello, %s\n", name);
	if (marks_count) {
		pr_info("marks");
		for (i = 0; i < marks_count; i++)
			pr_cont(" %d", marks[i]);
		pr_cont("\n");
	}
	return 0;
}

static void __exit greet_exit(void)
{
	pr_info("bye, %s\n", name);
}

module_init(greet_init);
module_exit(greet_exit);
MODULE_DESCRIPTION("Sample: printk and parameters");
MODULE_LICENSE("GPL");
