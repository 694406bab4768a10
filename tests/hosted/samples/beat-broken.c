// SPDX-License-Identifier: GPL-2.0-only
// An oops in exit: a thread is stopped that was never started.
/*
 *	$ insmod beat-broken.ko
 *	$ rmmod beat-broken
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

static bool start;
module_param(start, bool, 0444);

static struct task_struct *thread;

static int beat_thread(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init beat_init(void)
{
	if (start)
		thread = kthread_run(beat_thread, NULL, "sample_beat");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit beat_exit(void)
{
	kthread_stop(thread); /* BUG: oops */
	pr_info("beat: stopped\n");
}

module_init(beat_init);
module_exit(beat_exit);
MODULE_DESCRIPTION("Broken sample: oops in exit");
MODULE_LICENSE("GPL");
