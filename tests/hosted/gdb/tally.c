// SPDX-License-Identifier: GPL-2.0-only
// What a debugger is tried on: an init with steps, a file that is read.
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static int start = 5;
module_param(start, int, 0444);
static bool warn;
module_param(warn, bool, 0444);

static int total;

static noinline int add(int more)
{
	total += more;
	return total;
}

static ssize_t tally_read(struct file *file, char __user *to, size_t size,
			  loff_t *at)
{
	char text[16];
	int length = scnprintf(text, sizeof(text), "%d\n", total);

	return simple_read_from_buffer(to, size, at, text, length);
}

static const struct proc_ops tally_ops = {
	.proc_read = tally_read,
};

static int __init tally_init(void)
{
	add(start);
	mdelay(20);    /* several ticks */
	outb(1, 0x80); /* a privileged instruction */
	WARN_ON(warn);
	add(2);
	if (start < 0)
		return -ERANGE;
	return proc_create("tally", 0444, NULL, &tally_ops) ? 0 : -ENOMEM;
}

static void __exit tally_exit(void)
{
	remove_proc_entry("tally", NULL);
}

module_init(tally_init);
module_exit(tally_exit);
MODULE_DESCRIPTION("Adds up");
MODULE_LICENSE("GPL");
