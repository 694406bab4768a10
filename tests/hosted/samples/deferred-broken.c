// SPDX-License-Identifier: GPL-2.0-only
// Work that outlives its module: exit does not cancel what is queued.
/*
 *	$ insmod deferred-broken.ko
 *	$ rmmod deferred-broken
 */
#include <linux/module.h>
#include <linux/workqueue.h>

static void deferred_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(later, deferred_work); /* BUG: still-registered */

static void deferred_work(struct work_struct *work)
{
	schedule_delayed_work(&later, HZ);
}

static int __init deferred_init(void)
{
	schedule_delayed_work(&later, HZ);
	return 0;
}

static void __exit deferred_exit(void)
{
	/* cancel_delayed_work_sync(&later) is missing */
}

module_init(deferred_init);
module_exit(deferred_exit);
MODULE_DESCRIPTION("Broken sample: work left behind");
MODULE_LICENSE("GPL");
