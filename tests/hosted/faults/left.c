// SPDX-License-Identifier: GPL-2.0-only
// Is unloaded while something still names it, in the way that "how" says.
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>
#include <linux/timer.h>

static char *how = "";
module_param(how, charp, 0);

static int on_event(struct notifier_block *self, unsigned long event, void *p)
{
	return NOTIFY_DONE;
}
static struct notifier_block the_block = { .notifier_call = on_event };

static void on_timer(struct timer_list *t)
{
}
static DEFINE_TIMER(the_timer, on_timer);

static noinline int thread_loop(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1000 * HZ);
	return 0;
}
static struct task_struct *runs;

static int text_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "text\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(text);

static ssize_t sysfs_text_show(struct kobject *object, struct kobj_attribute *a,
			       char *to)
{
	return sysfs_emit(to, "text\n");
}
static struct kobj_attribute sysfs_text = __ATTR_RO(sysfs_text);
static struct dentry *debugfs_text;

static int __init left_init(void)
{
	proc_create_single("left_text", 0444, NULL, text_show);
	if (sysfs_create_file(kernel_kobj, &sysfs_text.attr))
		return -ENOMEM;
	debugfs_text = debugfs_create_file("left_text", 0444, NULL, NULL,
					   &text_fops);
	runs = kthread_run(thread_loop, NULL, "the_thread");
	msleep(20); /* it has begun */
	register_netdevice_notifier(&the_block);
	mod_timer(&the_timer, jiffies + 1000 * HZ);
	return 0;
}
module_init(left_init);

static void __exit left_exit(void)
{
	if (strcmp(how, "notifier"))
		unregister_netdevice_notifier(&the_block);
	if (strcmp(how, "thread") && !IS_ERR(runs))
		kthread_stop(runs);
	if (strcmp(how, "timer"))
		del_timer_sync(&the_timer);
	if (strcmp(how, "proc"))
		remove_proc_entry("left_text", NULL);
	if (strcmp(how, "sysfs"))
		sysfs_remove_file(kernel_kobj, &sysfs_text.attr);
	if (strcmp(how, "debugfs"))
		debugfs_remove(debugfs_text);
}
module_exit(left_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("does not unregister");
