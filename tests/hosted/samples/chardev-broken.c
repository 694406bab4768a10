// SPDX-License-Identifier: GPL-2.0-only
// An overflow by one: the byte that ends a string lies behind a full buffer.
/*
 *	$ insmod chardev-broken.ko
 *	$ echo fifteen-letters > /dev/sample_chardev_broken
 *	$ rmmod chardev-broken
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define SIZE 16

static ssize_t chardev_write(struct file *file, const char __user *from,
			     size_t size, loff_t *at)
{
	char *text = kmalloc(SIZE, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	size = min_t(size_t, size, SIZE);
	if (copy_from_user(text, from, size)) {
		kfree(text);
		return -EFAULT;
	}
	text[size] = '\0'; /* BUG: out-of-bounds */
	pr_debug("%s\n", text);
	kfree(text);
	return size;
}

static const struct file_operations chardev_ops = {
	.owner = THIS_MODULE,
	.write = chardev_write,
};

static struct miscdevice chardev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sample_chardev_broken",
	.fops = &chardev_ops,
};

module_misc_device(chardev);
MODULE_DESCRIPTION("Broken sample: overflow");
MODULE_LICENSE("GPL");
