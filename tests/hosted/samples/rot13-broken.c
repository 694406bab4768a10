// SPDX-License-Identifier: GPL-2.0-only
// An oops in a file's function: nothing was stored at open, read uses it.
/*
 *	$ insmod rot13-broken.ko
 *	$ cat /dev/sample_rot13_broken
 *	$ rmmod rot13-broken
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

struct text {
	size_t len;
	char bytes[56];
};

static int rot13_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL; /* kzalloc() is missing */
	return 0;
}

static ssize_t rot13_read(struct file *file, char __user *to, size_t size,
			  loff_t *at)
{
	const struct text *t = file->private_data;

	if (!t->len) /* BUG: oops */
		return 0;
	return simple_read_from_buffer(to, size, at, t->bytes, t->len);
}

static const struct file_operations rot13_ops = {
	.owner = THIS_MODULE,
	.open = rot13_open,
	.read = rot13_read,
};

static struct miscdevice rot13 = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sample_rot13_broken",
	.fops = &rot13_ops,
};

module_misc_device(rot13);
MODULE_DESCRIPTION("Broken sample: oops in a file's function");
MODULE_LICENSE("GPL");
