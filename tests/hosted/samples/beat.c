// SPDX-License-Identifier: GPL-2.0-only
// A kernel thread: started, kicked, parked and stopped.
/*
 *	$ insmod beat.ko
 *	$ cat /proc/sample_beat
 *	beats 0
 *	$ echo 3 > /proc/sample_beat; sleep 0.3; cat /proc/sample_beat
 *	beats 3
 *	$ echo park > /proc/sample_beat
 *	$ echo 2 > /proc/sample_beat; sleep 0.3; cat /proc/sample_beat
 *	beats 3, parked
 *	$ echo unpark > /proc/sample_beat; sleep 0.3; cat /proc/sample_beat
 *	beats 5
 *	$ rmmod beat
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static struct task_struct *thread;
static atomic_t wanted, beats;
static bool parked;
static DECLARE_WAIT_QUEUE_HEAD(kicked);

static bool beat_has_work(void)
{
	return atomic_read(&wanted) > 0 || kthread_should_stop() ||
	       kthread_should_park();
}

static int beat_thread(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_interruptible(kicked, beat_has_work());
		if (kthread_should_park()) {
			kthread_parkme();
			continue;
		}
		if (atomic_dec_if_positive(&wanted) < 0)
			continue;
		msleep(10);
		atomic_inc(&beats);
	}
	return 0;
}

static int beat_command(char *text)
{
	int n;

	if (!strcmp(text, "park") && !parked) {
		parked = true;
		return kthread_park(thread);
	}
	if (!strcmp(text, "unpark") && parked) {
		parked = false;
		kthread_unpark(thread);
		return 0;
	}
	if (kstrtoint(text, 0, &n) || n < 1)
		return -EINVAL;
	atomic_add(n, &wanted);
	wake_up_interruptible(&kicked);
	return 0;
}

static ssize_t beat_write(struct file *file, const char __user *from,
			  size_t size, loff_t *at)
{
	char text[16];
	ssize_t len = strncpy_from_user(text, from, min(size, sizeof(text)));
	int r;

	if (len < 0 || size >= sizeof(text))
		return len < 0 ? len : -EMSGSIZE;
	text[size] = '\0';
	r = beat_command(strim(text));
	return r ? r : size;
}

static int beat_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "beats %d%s\n", atomic_read(&beats),
		   parked ? ", parked" : "");
	return 0;
}

static int beat_open(struct inode *inode, struct file *file)
{
	return single_open(file, beat_show, NULL);
}

static const struct proc_ops beat_ops = {
	.proc_open = beat_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = beat_write,
};

static int __init beat_init(void)
{
	thread = kthread_run(beat_thread, NULL, "sample_beat");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	if (!proc_create("sample_beat", 0644, NULL, &beat_ops)) {
		kthread_stop(thread);
		return -ENOMEM;
	}
	return 0;
}

static void __exit beat_exit(void)
{
	remove_proc_entry("sample_beat", NULL);
	kthread_stop(thread);
}

module_init(beat_init);
module_exit(beat_exit);
MODULE_DESCRIPTION("Sample: kernel thread");
MODULE_LICENSE("GPL");
