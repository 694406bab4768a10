// SPDX-License-Identifier: GPL-2.0-only
// Work queues: an ordered one of the module's own, and delayed work.
/*
 *	$ insmod deferred.ko delay_ms=100
 *	$ echo 3 > /proc/sample_deferred
 *	$ echo 5 > /proc/sample_deferred
 *	$ cat /proc/sample_deferred
 *	squares 9 25
 *	rounds 0
 *	$ sleep 0.4; grep rounds /proc/sample_deferred
 *	rounds 1
 *	$ for i in 1 2 3 4 5 6; do echo $i > /proc/sample_deferred; done
 *	$ cat /proc/sample_deferred
 *	squares 9 25 1 4 9 16 25 36
 *	rounds 1
 *	$ rmmod deferred
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define RESULTS_MAX 64

static unsigned int delay_ms = 100;
module_param(delay_ms, uint, 0444);
MODULE_PARM_DESC(delay_ms, "when the delayed work runs");

struct job {
	struct work_struct work;
	int number;
};

static struct workqueue_struct *queue;
static DEFINE_MUTEX(lock);
static int results[RESULTS_MAX], count;
static unsigned int rounds;

static void job_work(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	mutex_lock(&lock);
	if (count < RESULTS_MAX)
		results[count++] = job->number * job->number;
	mutex_unlock(&lock);
	kfree(job);
}

static void round_work(struct work_struct *work)
{
	rounds++;
}
static DECLARE_DELAYED_WORK(later, round_work);

static ssize_t deferred_write(struct file *file, const char __user *from,
			      size_t size, loff_t *at)
{
	struct job *job;
	int number, r;

	r = kstrtoint_from_user(from, size, 0, &number);
	if (r)
		return r;
	job = kmalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return -ENOMEM;
	job->number = number;
	INIT_WORK(&job->work, job_work);
	queue_work(queue, &job->work);
	return size;
}

/* All that was queued before is done when this is read. */
static int deferred_show(struct seq_file *seq, void *unused)
{
	flush_workqueue(queue);
	mutex_lock(&lock);
	seq_puts(seq, "squares");
	for (int i = 0; i < count; i++)
		seq_printf(seq, " %d", results[i]);
	seq_printf(seq, "\nrounds %u\n", rounds);
	mutex_unlock(&lock);
	return 0;
}

static int deferred_open(struct inode *inode, struct file *file)
{
	return single_open(file, deferred_show, NULL);
}

static const struct proc_ops deferred_ops = {
	.proc_open = deferred_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = deferred_write,
};

static int __init deferred_init(void)
{
	queue = alloc_ordered_workqueue("sample_deferred", 0);
	if (!queue)
		return -ENOMEM;
	if (!proc_create("sample_deferred", 0644, NULL, &deferred_ops)) {
		destroy_workqueue(queue);
		return -ENOMEM;
	}
	schedule_delayed_work(&later, msecs_to_jiffies(delay_ms));
	return 0;
}

static void __exit deferred_exit(void)
{
	remove_proc_entry("sample_deferred", NULL);
	cancel_delayed_work_sync(&later);
	destroy_workqueue(queue);
}

module_init(deferred_init);
module_exit(deferred_exit);
MODULE_DESCRIPTION("Sample: work queues");
MODULE_LICENSE("GPL");
