// SPDX-License-Identifier: GPL-2.0-only
// A character device for the tests of lkm-host serve: one message at a time.
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

/* Kinds of trouble: ioctl(fd, N) */
enum {
	PROBE_OOPS = 0x7001,	/* a null pointer is written to */
	PROBE_ASK = 0x7002,	/* request_module("probe-thing") */
	PROBE_SYSCALL = 0x7003, /* struct call in the message */
	PROBE_COPY = 0x7004,	/* struct text: taken, turned round, put back */
	PROBE_VALUE = 0x7005,	/* get_user() and put_user() of a number */
	PROBE_NAME = 0x7006,	/* strncpy_from_user() into the message */
	PROBE_LATER = 0x7007,	/* a kernel thread asks for the module */
	PROBE_THREAD = 0x7008,	/* a kernel thread oopses */
	PROBE_HANG = 0x7009,	/* never comes back */
};

/* An argument that is TEXT stands for the address of the text. */
#define TEXT 0x7e47
struct call {
	long number, args[6], result;
	char text[256];
};

struct text {
	unsigned int length;
	char bytes[60];
};

static char message[4096] __aligned(8);
static size_t length;
static unsigned int opened;
static int *nowhere;
static DECLARE_WAIT_QUEUE_HEAD(waiting);
static DECLARE_COMPLETION(never);

module_param(opened, uint, 0444);

static int limit = 4096;
module_param(limit, int, 0644);

static int ask;
module_param(ask, int, 0);

/* Writing to it ends the wait of ask=-1. */
static int set_go(const char *value, const struct kernel_param *param)
{
	complete_all(&never);
	return 0;
}

static const struct kernel_param_ops go_operations = { .set = set_go };
module_param_cb(go, &go_operations, NULL, 0200);

static int probe_open(struct inode *inode, struct file *file)
{
	opened++;
	return 0;
}

static int probe_release(struct inode *inode, struct file *file)
{
	opened--;
	return 0;
}

static ssize_t probe_read(struct file *file, char __user *to, size_t size,
			  loff_t *at)
{
	if (!length && (file->f_flags & O_NONBLOCK))
		return -EAGAIN;
	if (wait_event_interruptible(waiting, length))
		return -ERESTARTSYS;
	size = min(size, length);
	if (copy_to_user(to, message, size))
		return -EFAULT;
	length = 0;
	wake_up(&waiting);
	return size;
}

static ssize_t probe_write(struct file *file, const char __user *from,
			   size_t size, loff_t *at)
{
	if (size > min(limit, 4096))
		return -ENOSPC;
	if (copy_from_user(message, from, size))
		return -EFAULT;
	length = size;
	wake_up(&waiting);
	return size;
}

static __poll_t probe_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &waiting, table);
	return length ? EPOLLIN : EPOLLOUT;
}

static long run_syscall(long number, const long args[6])
{
	register long r10 __asm__("r10") = args[3];
	register long r8 __asm__("r8") = args[4];
	register long r9 __asm__("r9") = args[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(args[0]), "S"(args[1]),
			   "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static long run_int80(long number)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory");
	return result;
}

static long probe_syscall(unsigned long legacy)
{
	struct call *c = (struct call *)message;

	if (length != sizeof(*c))
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		if (c->args[i] == TEXT)
			c->args[i] = (long)c->text;
	c->result = legacy ? run_int80(c->number) :
			     run_syscall(c->number, c->args);
	return 0;
}

static long probe_copy(void __user *arg)
{
	struct text t;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (t.length > sizeof(t.bytes))
		return -EINVAL;
	for (unsigned int i = 0; i < t.length / 2; i++)
		swap(t.bytes[i], t.bytes[t.length - 1 - i]);
	return copy_to_user(arg, &t, sizeof(t)) ? -EFAULT : 0;
}

static long probe_value(int __user *arg)
{
	int v;

	if (get_user(v, arg))
		return -EFAULT;
	return put_user(v + 1, arg);
}

static long probe_name(const char __user *arg)
{
	long n = strncpy_from_user(message, arg, sizeof(message));

	if (n > 0)
		length = n;
	return n;
}

static int later(void *unused)
{
	msleep(20);
	request_module("probe-later");
	return 0;
}

static int stumble(void *unused)
{
	*nowhere = 1;
	return 0;
}

static long probe_ioctl(struct file *file, unsigned int what, unsigned long arg)
{
	switch (what) {
	case PROBE_OOPS: *nowhere = 1; return 0;
	case PROBE_ASK: return request_module("probe-thing");
	case PROBE_SYSCALL: return probe_syscall(arg);
	case PROBE_COPY: return probe_copy((void __user *)arg);
	case PROBE_VALUE: return probe_value((int __user *)arg);
	case PROBE_NAME: return probe_name((const char __user *)arg);
	case PROBE_LATER:
		return PTR_ERR_OR_ZERO(kthread_run(later, NULL, "later"));
	case PROBE_THREAD:
		return PTR_ERR_OR_ZERO(kthread_run(stumble, NULL, "stumble"));
	case PROBE_HANG:
		for (;;)
			cpu_relax();
	default: return -ENOTTY;
	}
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = probe_open,
	.release = probe_release,
	.read = probe_read,
	.write = probe_write,
	.poll = probe_poll,
	.unlocked_ioctl = probe_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "probe",
	.fops = &operations,
};

static int __init probe_init(void)
{
	if (ask < 0) /* nobody completes it */
		wait_for_completion(&never);
	if (ask)
		pr_info("probe: asked, got %d\n",
			request_module("probe-init-%d", ask));
	return misc_register(&device);
}

static void __exit probe_exit(void)
{
	misc_deregister(&device);
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_DESCRIPTION("Answers the tests of lkm-host serve");
MODULE_LICENSE("GPL");
