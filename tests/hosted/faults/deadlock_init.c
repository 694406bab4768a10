// SPDX-License-Identifier: GPL-2.0-only
// Takes a mutex that it already has.
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(the_mutex);

static noinline void take(void)
{
	mutex_lock(&the_mutex); /* MARK deadlock */
	pr_info("deadlock_init: never seen\n");
}

static int __init deadlock_init_init(void)
{
	mutex_lock(&the_mutex);
	take(); /* MARK init */
	mutex_unlock(&the_mutex);
	return 0;
}
module_init(deadlock_init_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a mutex taken twice");
