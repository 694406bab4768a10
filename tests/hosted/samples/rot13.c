// SPDX-License-Identifier: GPL-2.0-only
// A misc device: a file in /dev with little to write, a text in each open file.
/*
 *	$ insmod rot13.ko
 *	$ grep sample_rot13 /proc/misc | awk '{ print $2 }'
 *	sample_rot13
 *	$ poke talk /dev/sample_rot13 "Hello, World"
 *	Uryyb, Jbeyq
 *	$ poke talk /dev/sample_rot13 "Uryyb, Jbeyq"
 *	Hello, World
 *	$ cat /dev/sample_rot13
 *	$ exec 3<>/dev/sample_rot13; echo Abc >&3; cat <&3
 *	Nop
 *	$ exec 3</dev/sample_rot13; rmmod rot13
 *	[failed]
 *	$ rmmod rot13
 */
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define TEXT_MAX 128

struct text {
	size_t len, read;
	char bytes[TEXT_MAX];
};

static char turn(char c)
{
	char first = islower(c) ? 'a' : 'A';

	return isalpha(c) ? first + (c - first + 13) % 26 : c;
}

static int rot13_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct text), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int rot13_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t rot13_read(struct file *file, char __user *to, size_t size,
			  loff_t *at)
{
	struct text *t = file->private_data;

	size = min(size, t->len - t->read);
	if (copy_to_user(to, t->bytes + t->read, size))
		return -EFAULT;
	t->read += size;
	return size;
}

static ssize_t rot13_write(struct file *file, const char __user *from,
			   size_t size, loff_t *at)
{
	struct text *t = file->private_data;

	size = min_t(size_t, size, TEXT_MAX);
	if (copy_from_user(t->bytes, from, size))
		return -EFAULT;
	for (size_t i = 0; i < size; i++)
		t->bytes[i] = turn(t->bytes[i]);
	t->len = size;
	t->read = 0;
	return size;
}

static const struct file_operations rot13_ops = {
	.owner = THIS_MODULE,
	.open = rot13_open,
	.release = rot13_release,
	.read = rot13_read,
	.write = rot13_write,
};

static struct miscdevice rot13 = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sample_rot13",
	.fops = &rot13_ops,
	.mode = 0666,
};

module_misc_device(rot13);
MODULE_DESCRIPTION("Sample: misc device");
MODULE_LICENSE("GPL");
