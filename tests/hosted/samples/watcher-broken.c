// SPDX-License-Identifier: GPL-2.0-only
// A missing unregister: the chain goes on to name an unloaded module.
/*
 *	$ insmod watcher-broken.ko
 *	$ rmmod watcher-broken
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>

static unsigned long events;

static int net_event(struct notifier_block *self, unsigned long event,
		     void *info)
{
	events++;
	return NOTIFY_DONE;
}

static struct notifier_block net = {
	.notifier_call = net_event,
}; /* BUG: still-registered */

static int __init watcher_init(void)
{
	return register_netdevice_notifier(&net);
}

static void __exit watcher_exit(void)
{
	/* unregister_netdevice_notifier(&net) is missing */
}

module_init(watcher_init);
module_exit(watcher_exit);
MODULE_DESCRIPTION("Broken sample: missing unregister");
MODULE_LICENSE("GPL");
