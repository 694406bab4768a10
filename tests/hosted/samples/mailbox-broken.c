// SPDX-License-Identifier: GPL-2.0-only
// A lock held at return: the path for an error does not unlock.
/*
 *	$ insmod mailbox-broken.ko
 *	$ echo too-long > /proc/sample_mailbox_broken
 *	$ rmmod mailbox-broken
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(lock);
static char text[4];

static ssize_t mailbox_write(struct file *file, const char __user *from,
			     size_t size, loff_t *at)
{
	ssize_t r = size;

	mutex_lock(&lock); /* BUG: lock-held */
	if (size > sizeof(text))
		return -EMSGSIZE;
	if (copy_from_user(text, from, size))
		r = -EFAULT;
	mutex_unlock(&lock);
	return r;
}

static const struct proc_ops mailbox_ops = {
	.proc_write = mailbox_write,
};

static int __init mailbox_init(void)
{
	if (!proc_create("sample_mailbox_broken", 0200, NULL, &mailbox_ops))
		return -ENOMEM;
	return 0;
}

static void __exit mailbox_exit(void)
{
	remove_proc_entry("sample_mailbox_broken", NULL);
}

module_init(mailbox_init);
module_exit(mailbox_exit);
MODULE_DESCRIPTION("Broken sample: lock held at return");
MODULE_LICENSE("GPL");
