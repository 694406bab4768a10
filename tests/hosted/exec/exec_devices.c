// SPDX-License-Identifier: GPL-2.0-only
// The devices of exec-devices.h, as a driver has them.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "exec-devices.h"

static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(filled);
static char fifo[EXEC_FIFO_SIZE], data[EXEC_DATA_SIZE];
static size_t fill;
static int label;

static ssize_t fifo_read(struct file *file, char __user *to, size_t size,
			 loff_t *at)
{
	ssize_t n;

	mutex_lock(&lock);
	while (!fill) {
		mutex_unlock(&lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(filled, READ_ONCE(fill)))
			return -ERESTARTSYS;
		mutex_lock(&lock);
	}
	n = min(size, fill);
	if (copy_to_user(to, fifo, n)) {
		n = -EFAULT;
	} else {
		fill -= n;
		memmove(fifo, fifo + n, fill);
	}
	mutex_unlock(&lock);
	return n;
}

static ssize_t fifo_write(struct file *file, const char __user *from,
			  size_t size, loff_t *at)
{
	ssize_t n;

	mutex_lock(&lock);
	n = min(size, sizeof(fifo) - fill);
	if (copy_from_user(fifo + fill, from, n))
		n = -EFAULT;
	else
		fill += n;
	mutex_unlock(&lock);
	wake_up_interruptible(&filled);
	return n;
}

static __poll_t fifo_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &filled, wait);
	return EPOLLOUT | (READ_ONCE(fill) ? EPOLLIN : 0);
}

static long fifo_sum(struct exec_sum __user *to)
{
	struct exec_sum s;

	if (copy_from_user(&s, to, sizeof(s)))
		return -EFAULT;
	s.sum = s.a + s.b;
	return copy_to_user(to, &s, sizeof(s)) ? -EFAULT : 0;
}

static long fifo_ioctl(struct file *file, unsigned int command,
		       unsigned long arg)
{
	int __user *user = (int __user *)arg;
	int n;

	switch (command) {
	case EXEC_FIFO_FILL: return put_user((int)fill, user);
	case EXEC_FIFO_LABEL:
		if (get_user(n, user))
			return -EFAULT;
		if (n < 0)
			return -EINVAL;
		label = n;
		return 0;
	case EXEC_FIFO_TOLD: return label;
	case EXEC_FIFO_SUM: return fifo_sum((void __user *)arg);
	default: return -ENOTTY;
	}
}

static int fifo_open(struct inode *inode, struct file *file)
{
	return stream_open(inode, file);
}

static const struct file_operations fifo_ops = {
	.owner = THIS_MODULE,
	.open = fifo_open,
	.read = fifo_read,
	.write = fifo_write,
	.poll = fifo_poll,
	.unlocked_ioctl = fifo_ioctl,
};

static ssize_t data_read(struct file *file, char __user *to, size_t size,
			 loff_t *at)
{
	return simple_read_from_buffer(to, size, at, data, sizeof(data));
}

static ssize_t data_write(struct file *file, const char __user *from,
			  size_t size, loff_t *at)
{
	return simple_write_to_buffer(data, sizeof(data), at, from, size);
}

static loff_t data_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, sizeof(data));
}

/* Written back: nothing but that it was asked for, and how */
static int data_fsync(struct file *file, loff_t from, loff_t to, int data_only)
{
	data[EXEC_DATA_SYNCED] = data_only ? 'd' : 'f';
	return 0;
}

static const struct file_operations data_ops = {
	.owner = THIS_MODULE,
	.read = data_read,
	.write = data_write,
	.llseek = data_llseek,
	.fsync = data_fsync,
};

static struct miscdevice devices[] = {
	{ MISC_DYNAMIC_MINOR, "exec_fifo", &fifo_ops },
	{ MISC_DYNAMIC_MINOR, "exec_data", &data_ops },
};

static int __init devices_init(void)
{
	int r = misc_register(&devices[0]);

	if (r)
		return r;
	r = misc_register(&devices[1]);
	if (r)
		misc_deregister(&devices[0]);
	return r;
}

static void __exit devices_exit(void)
{
	misc_deregister(&devices[1]);
	misc_deregister(&devices[0]);
}

module_init(devices_init);
module_exit(devices_exit);
MODULE_DESCRIPTION("Devices for programs of tests");
MODULE_LICENSE("GPL");
