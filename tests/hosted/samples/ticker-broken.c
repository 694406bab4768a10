// SPDX-License-Identifier: GPL-2.0-only
// Sleeping in atomic context: a timer's function must not wait for a mutex.
/*
 *	$ insmod ticker-broken.ko
 *	$ sleep 0.2
 *	$ rmmod ticker-broken
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/timer.h>

static DEFINE_MUTEX(lock);
static unsigned int count;

static void ticker_fired(struct timer_list *timer)
{
	mutex_lock(&lock); /* BUG: sleep-in-atomic */
	count++;
	mutex_unlock(&lock);
}

static DEFINE_TIMER(timer, ticker_fired);

static int __init ticker_init(void)
{
	mod_timer(&timer, jiffies + msecs_to_jiffies(20));
	return 0;
}

static void __exit ticker_exit(void)
{
	del_timer_sync(&timer);
}

module_init(ticker_init);
module_exit(ticker_exit);
MODULE_DESCRIPTION("Broken sample: sleep in atomic context");
MODULE_LICENSE("GPL");
