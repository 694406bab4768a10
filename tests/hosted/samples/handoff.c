// SPDX-License-Identifier: GPL-2.0-only
// Completions: a writer waits, with a time-out, for what a worker does.
/*
 *	$ insmod handoff.ko timeout_ms=200
 *	$ echo hello > /proc/sample_handoff; cat /proc/sample_handoff
 *	olleh
 *	$ echo 500 > /sys/module/handoff/parameters/delay_ms
 *	$ echo again > /proc/sample_handoff
 *	[failed]
 *	$ cat /proc/sample_handoff
 *	olleh
 *	$ sleep 0.8; cat /proc/sample_handoff
 *	niaga
 *	$ rmmod handoff
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define TEXT_MAX 32

static unsigned int timeout_ms = 1000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a writer waits");

static unsigned int delay_ms;
module_param(delay_ms, uint, 0644);
MODULE_PARM_DESC(delay_ms, "how long the work takes");

/* Shared by the writer and the worker: the last one frees it. */
struct request {
	struct kref ref;
	struct work_struct work;
	struct completion done;
	char text[TEXT_MAX];
};

static struct workqueue_struct *queue;
static DEFINE_MUTEX(lock);
static char result[TEXT_MAX];

static void request_free(struct kref *ref)
{
	kfree(container_of(ref, struct request, ref));
}

static void request_work(struct work_struct *work)
{
	struct request *q = container_of(work, struct request, work);
	size_t len = strlen(q->text);

	msleep(delay_ms);
	mutex_lock(&lock);
	for (size_t i = 0; i < len; i++)
		result[i] = q->text[len - 1 - i];
	result[len] = '\0';
	mutex_unlock(&lock);
	complete(&q->done);
	kref_put(&q->ref, request_free);
}

static ssize_t handoff_write(struct file *file, const char __user *from,
			     size_t size, loff_t *at)
{
	struct request *q;
	long left;

	if (size >= TEXT_MAX)
		return -EMSGSIZE;
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return -ENOMEM;
	if (copy_from_user(q->text, from, size)) {
		kfree(q);
		return -EFAULT;
	}
	strim(q->text);
	kref_init(&q->ref);
	init_completion(&q->done);
	INIT_WORK(&q->work, request_work);
	kref_get(&q->ref);
	queue_work(queue, &q->work);
	left = wait_for_completion_interruptible_timeout(
		&q->done, msecs_to_jiffies(timeout_ms));
	kref_put(&q->ref, request_free);
	if (left < 0)
		return left;
	return left ? size : -ETIMEDOUT;
}

static int handoff_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&lock);
	seq_printf(seq, "%s\n", result);
	mutex_unlock(&lock);
	return 0;
}

static int handoff_open(struct inode *inode, struct file *file)
{
	return single_open(file, handoff_show, NULL);
}

static const struct proc_ops handoff_ops = {
	.proc_open = handoff_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = handoff_write,
};

static int __init handoff_init(void)
{
	queue = alloc_workqueue("sample_handoff", 0, 0);
	if (!queue)
		return -ENOMEM;
	if (!proc_create("sample_handoff", 0644, NULL, &handoff_ops)) {
		destroy_workqueue(queue);
		return -ENOMEM;
	}
	return 0;
}

static void __exit handoff_exit(void)
{
	remove_proc_entry("sample_handoff", NULL);
	destroy_workqueue(queue);
}

module_init(handoff_init);
module_exit(handoff_exit);
MODULE_DESCRIPTION("Sample: completions");
MODULE_LICENSE("GPL");
