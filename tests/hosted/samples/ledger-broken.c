// SPDX-License-Identifier: GPL-2.0-only
// A deadlock: a function takes the mutex that its caller holds.
/*
 *	$ insmod ledger-broken.ko
 */
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static int total;

static noinline void ledger_add(int amount)
{
	mutex_lock(&lock); /* BUG: deadlock */
	total += amount;
	mutex_unlock(&lock);
}

static int __init ledger_init(void)
{
	mutex_lock(&lock);
	if (!total)
		ledger_add(100);
	mutex_unlock(&lock);
	return 0;
}

static void __exit ledger_exit(void)
{
}

module_init(ledger_init);
module_exit(ledger_exit);
MODULE_DESCRIPTION("Broken sample: deadlock");
MODULE_LICENSE("GPL");
