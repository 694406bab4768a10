// SPDX-License-Identifier: GPL-2.0-only
// Is unloaded while something still names it, in the way that "how" says.
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
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

static int __init left_init(void)
{
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
}
module_exit(left_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("does not unregister");
