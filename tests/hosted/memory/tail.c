// SPDX-License-Identifier: GPL-2.0-only
// An init that ends in a call of the kernel, which allocates: it jumps there.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static const struct file_operations tail_ops = { .owner = THIS_MODULE };

static struct miscdevice tail_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "memory_tail",
	.fops = &tail_ops,
};

static int __init tail_init(void)
{
	return misc_register(&tail_dev);
}

static void __exit tail_exit(void)
{
	misc_deregister(&tail_dev);
}

module_init(tail_init);
module_exit(tail_exit);
MODULE_DESCRIPTION("init that is one call");
MODULE_LICENSE("GPL");
