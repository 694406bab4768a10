// SPDX-License-Identifier: GPL-2.0-only
// Sleeps where that is not allowed, in the way that "how" says.
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *how = "";
module_param(how, charp, 0);

static DEFINE_SPINLOCK(the_lock);
static DEFINE_MUTEX(the_mutex);

static void on_timer(struct timer_list *t)
{
	mutex_lock(&the_mutex); /* MARK timer */
	mutex_unlock(&the_mutex);
}
static DEFINE_TIMER(the_timer, on_timer);

static noinline void under_lock(void)
{
	spin_lock(&the_lock);
	if (!strcmp(how, "msleep")) {
		msleep(20); /* MARK msleep */
	} else if (!strcmp(how, "kmalloc")) {
		kfree(kmalloc(64, GFP_KERNEL)); /* MARK kmalloc */
	} else if (!strcmp(how, "mutex")) {
		mutex_lock(&the_mutex); /* MARK mutex */
		mutex_unlock(&the_mutex);
	} else {
		/* as it should be: no complaint */
		kfree(kmalloc(64, GFP_ATOMIC));
		udelay(10);
	}
	spin_unlock(&the_lock);
}

static noinline void others(void)
{
	unsigned long flags;

	if (!strcmp(how, "irq")) {
		local_irq_save(flags);
		kfree(kmalloc(64, GFP_KERNEL)); /* MARK irq */
		local_irq_restore(flags);
	} else if (!strcmp(how, "rcu")) {
		rcu_read_lock();
		msleep(20); /* MARK rcu */
		rcu_read_unlock();
	} else if (!strcmp(how, "timer")) {
		mod_timer(&the_timer, jiffies + 2);
		msleep(100);
	}
}

static int __init atomic_init(void)
{
	under_lock(); /* MARK init */
	others();
	return 0;
}
module_init(atomic_init);

static void __exit atomic_exit(void)
{
	del_timer_sync(&the_timer);
}
module_exit(atomic_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("sleeps in atomic context");
