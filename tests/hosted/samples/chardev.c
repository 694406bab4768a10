// SPDX-License-Identifier: GPL-2.0-only
// A character device, a queue of bytes: read, write, ioctl and poll.
/*
 *	$ insmod chardev.ko
 *	$ cat /sys/class/sample_chardev/sample_chardev/uevent | grep NAME
 *	DEVNAME=sample_chardev
 *	$ echo hello > /dev/sample_chardev
 *	$ poke ioctl /dev/sample_chardev fill
 *	6
 *	$ poke poll /dev/sample_chardev 100
 *	in out
 *	$ cat /dev/sample_chardev
 *	hello
 *	$ poke poll /dev/sample_chardev 100
 *	out
 *	$ poke ioctl /dev/sample_chardev limit 4
 *	$ echo hello > /dev/sample_chardev
 *	[failed]
 *	$ cat /dev/sample_chardev; echo .
 *	hell.
 *	$ poke ioctl /dev/sample_chardev limit 1000
 *	error: Invalid argument
 *	[failed]
 *	$ poke ioctl /dev/sample_chardev limit 64
 *	$ poke ioctl /dev/sample_chardev unknown
 *	error: Inappropriate ioctl for device
 *	[failed]
 *	$ (poke poll /dev/sample_chardev 5000 in; cat /dev/sample_chardev) &
 *	> sleep 0.2; echo late > /dev/sample_chardev; wait
 *	in out
 *	late
 *	$ rmmod chardev
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "chardev.h"

#define NAME "sample_chardev"
#define SIZE 64

static dev_t number;
static struct cdev cdev;
static struct class *class;
static DEFINE_KFIFO(queue, char, SIZE);
static u32 limit = SIZE;
static DEFINE_MUTEX(lock); /* of queue and limit */
static DECLARE_WAIT_QUEUE_HEAD(changed);

/* At most what is there: a reader who wants to wait uses poll(). */
static ssize_t chardev_read(struct file *file, char __user *to, size_t size,
			    loff_t *at)
{
	unsigned int copied;
	int r;

	mutex_lock(&lock);
	r = kfifo_to_user(&queue, to, size, &copied);
	mutex_unlock(&lock);
	wake_up_interruptible(&changed);
	return r ? r : copied;
}

static ssize_t chardev_write(struct file *file, const char __user *from,
			     size_t size, loff_t *at)
{
	unsigned int copied = 0, fill;
	int r = -ENOSPC;

	mutex_lock(&lock);
	fill = kfifo_len(&queue);
	if (fill < limit)
		r = kfifo_from_user(&queue, from,
				    min_t(size_t, size, limit - fill), &copied);
	mutex_unlock(&lock);
	wake_up_interruptible(&changed);
	return r ? r : copied;
}

static long chardev_set_limit(u32 __user *arg)
{
	u32 value;

	if (get_user(value, arg))
		return -EFAULT;
	if (!value || value > SIZE)
		return -EINVAL;
	limit = value;
	return 0;
}

static long chardev_ioctl(struct file *file, unsigned int what,
			  unsigned long arg)
{
	long r = 0;

	mutex_lock(&lock);
	switch (what) {
	case CHARDEV_GET_FILL:
		r = put_user((u32)kfifo_len(&queue), (u32 __user *)arg);
		break;
	case CHARDEV_SET_LIMIT: r = chardev_set_limit((u32 __user *)arg); break;
	case CHARDEV_CLEAR: kfifo_reset(&queue); break;
	default: r = -ENOTTY;
	}
	mutex_unlock(&lock);
	wake_up_interruptible(&changed);
	return r;
}

static __poll_t chardev_poll(struct file *file, poll_table *table)
{
	__poll_t mask = 0;

	poll_wait(file, &changed, table);
	mutex_lock(&lock);
	if (!kfifo_is_empty(&queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (kfifo_len(&queue) < limit)
		mask |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&lock);
	return mask;
}

static const struct file_operations chardev_ops = {
	.owner = THIS_MODULE,
	.read = chardev_read,
	.write = chardev_write,
	.unlocked_ioctl = chardev_ioctl,
	.poll = chardev_poll,
};

/* class_create() has had no owner since v6.4 */
static struct class *chardev_class(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return class_create(THIS_MODULE, NAME);
#else
	return class_create(NAME);
#endif
}

static int __init chardev_init(void)
{
	struct device *device;
	int r;

	r = alloc_chrdev_region(&number, 0, 1, NAME);
	if (r)
		return r;
	cdev_init(&cdev, &chardev_ops);
	cdev.owner = THIS_MODULE;
	r = cdev_add(&cdev, number, 1);
	if (r)
		goto err_region;
	class = chardev_class();
	r = PTR_ERR_OR_ZERO(class);
	if (r)
		goto err_cdev;
	device = device_create(class, NULL, number, NULL, NAME);
	r = PTR_ERR_OR_ZERO(device);
	if (r)
		goto err_class;
	return 0;

err_class:
	class_destroy(class);
err_cdev:
	cdev_del(&cdev);
err_region:
	unregister_chrdev_region(number, 1);
	return r;
}

static void __exit chardev_exit(void)
{
	device_destroy(class, number);
	class_destroy(class);
	cdev_del(&cdev);
	unregister_chrdev_region(number, 1);
}

module_init(chardev_init);
module_exit(chardev_exit);
MODULE_DESCRIPTION("Sample: character device");
MODULE_LICENSE("GPL");
