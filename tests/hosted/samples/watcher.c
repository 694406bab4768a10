// SPDX-License-Identifier: GPL-2.0-only
// Notifier chains: the network devices', and one that the module offers.
/*
 *	$ insmod watcher.ko
 *	$ insmod echonet.ko
 *	$ echo 0x1 > /sys/class/net/sample_echo/flags
 *	$ rmmod echonet
 *	$ cat /proc/sample_watcher
 *	sample_echo register
 *	sample_echo up
 *	sample_echo down
 *	sample_echo unregister
 *	$ echo 3 > /proc/sample_watcher
 *	$ echo -3 > /proc/sample_watcher
 *	[failed]
 *	$ tail -n 2 /proc/sample_watcher
 *	first got 3
 *	second got 3
 *	$ rmmod watcher
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#define LINES_MAX 32

static char lines[LINES_MAX][40];
static unsigned int count;
static DEFINE_MUTEX(lock);

static __printf(1, 2) void note(const char *format, ...)
{
	va_list args;

	mutex_lock(&lock);
	va_start(args, format);
	if (count < LINES_MAX)
		vsnprintf(lines[count++], sizeof(lines[0]), format, args);
	va_end(args);
	mutex_unlock(&lock);
}

static const char *event_name(unsigned long event)
{
	switch (event) {
	case NETDEV_REGISTER: return "register";
	case NETDEV_UP: return "up";
	case NETDEV_DOWN: return "down";
	case NETDEV_UNREGISTER: return "unregister";
	default: return NULL;
	}
}

/* Those that are there already are told when this is registered. */
static int net_event(struct notifier_block *self, unsigned long event,
		     void *info)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(info);
	const char *name = event_name(event);

	if (name && !strncmp(dev->name, "sample_", 7))
		note("%s %s", dev->name, name);
	return NOTIFY_DONE;
}

static int first_event(struct notifier_block *self, unsigned long number,
		       void *unused)
{
	if ((long)number < 0)
		return notifier_from_errno(-EDOM);
	note("first got %ld", (long)number);
	return NOTIFY_OK;
}

static int second_event(struct notifier_block *self, unsigned long number,
			void *unused)
{
	note("second got %ld", (long)number);
	return NOTIFY_OK;
}

static BLOCKING_NOTIFIER_HEAD(chain);
static struct notifier_block net = { .notifier_call = net_event };
static struct notifier_block first = { .notifier_call = first_event,
				       .priority = 10 };
static struct notifier_block second = { .notifier_call = second_event };

static ssize_t watcher_write(struct file *file, const char __user *from,
			     size_t size, loff_t *at)
{
	long number;
	int r = kstrtol_from_user(from, size, 10, &number);

	if (r)
		return r;
	r = blocking_notifier_call_chain(&chain, number, NULL);
	r = notifier_to_errno(r);
	return r ? r : size;
}

static int watcher_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&lock);
	for (unsigned int i = 0; i < count; i++)
		seq_printf(seq, "%s\n", lines[i]);
	mutex_unlock(&lock);
	return 0;
}

static int watcher_open(struct inode *inode, struct file *file)
{
	return single_open(file, watcher_show, NULL);
}

static const struct proc_ops watcher_ops = {
	.proc_open = watcher_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = watcher_write,
};

static int __init watcher_init(void)
{
	int r;

	blocking_notifier_chain_register(&chain, &second);
	blocking_notifier_chain_register(&chain, &first);
	r = register_netdevice_notifier(&net);
	if (r)
		return r;
	if (!proc_create("sample_watcher", 0644, NULL, &watcher_ops)) {
		unregister_netdevice_notifier(&net);
		return -ENOMEM;
	}
	return 0;
}

static void __exit watcher_exit(void)
{
	remove_proc_entry("sample_watcher", NULL);
	unregister_netdevice_notifier(&net);
}

module_init(watcher_init);
module_exit(watcher_exit);
MODULE_DESCRIPTION("Sample: notifier");
MODULE_LICENSE("GPL");
