// SPDX-License-Identifier: GPL-2.0-only
// Wait queues: readers sleep until there is a message, writers until room.
/*
 *	$ insmod mailbox.ko
 *	$ cat /proc/sample_mailbox & sleep 0.2
 *	> echo hi > /proc/sample_mailbox; wait
 *	hi
 *	$ echo first > /proc/sample_mailbox
 *	$ dd if=/dev/zero of=/proc/sample_mailbox bs=1 count=1 oflag=nonblock
 *	[failed]
 *	$ echo second > /proc/sample_mailbox & sleep 0.2
 *	> cat /proc/sample_mailbox; cat /proc/sample_mailbox; wait
 *	first
 *	second
 *	$ poke poll /proc/sample_mailbox 100
 *	out
 *	$ timeout 0.3 cat /proc/sample_mailbox || echo interrupted
 *	interrupted
 *	$ rmmod mailbox
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define TEXT_MAX 64

static DEFINE_MUTEX(lock);
static char text[TEXT_MAX];
static size_t fill; /* 0: the box is empty */
static DECLARE_WAIT_QUEUE_HEAD(filled);
static DECLARE_WAIT_QUEUE_HEAD(emptied);

/* Returns with the lock held and the box full (or empty), or an error. */
static int mailbox_lock(struct file *file, bool full)
{
	int r = 0;

	mutex_lock(&lock);
	while (!r && full != (fill > 0)) {
		mutex_unlock(&lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event_interruptible(*(full ? &filled : &emptied),
					     full == (READ_ONCE(fill) > 0));
		mutex_lock(&lock);
	}
	if (r)
		mutex_unlock(&lock);
	return r;
}

/* One message to each open file: what follows it is the end. */
static ssize_t mailbox_read(struct file *file, char __user *to, size_t size,
			    loff_t *at)
{
	int r;

	if (*at)
		return 0;
	r = mailbox_lock(file, true);
	if (r)
		return r;
	size = min(size, fill);
	if (copy_to_user(to, text, size)) {
		mutex_unlock(&lock);
		return -EFAULT;
	}
	fill = 0;
	mutex_unlock(&lock);
	wake_up_interruptible(&emptied);
	*at += size;
	return size;
}

static ssize_t mailbox_write(struct file *file, const char __user *from,
			     size_t size, loff_t *at)
{
	int r;

	if (!size || size > TEXT_MAX)
		return -EMSGSIZE;
	r = mailbox_lock(file, false);
	if (r)
		return r;
	if (copy_from_user(text, from, size)) {
		mutex_unlock(&lock);
		return -EFAULT;
	}
	fill = size;
	mutex_unlock(&lock);
	wake_up_interruptible(&filled);
	return size;
}

static __poll_t mailbox_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &filled, table);
	poll_wait(file, &emptied, table);
	return READ_ONCE(fill) ? EPOLLIN | EPOLLRDNORM : EPOLLOUT | EPOLLWRNORM;
}

static const struct proc_ops mailbox_ops = {
	.proc_read = mailbox_read,
	.proc_write = mailbox_write,
	.proc_poll = mailbox_poll,
	.proc_lseek = noop_llseek,
};

static int __init mailbox_init(void)
{
	if (!proc_create("sample_mailbox", 0644, NULL, &mailbox_ops))
		return -ENOMEM;
	return 0;
}

static void __exit mailbox_exit(void)
{
	remove_proc_entry("sample_mailbox", NULL);
}

module_init(mailbox_init);
module_exit(mailbox_exit);
MODULE_DESCRIPTION("Sample: wait queues");
MODULE_LICENSE("GPL");
