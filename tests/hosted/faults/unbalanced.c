// SPDX-License-Identifier: GPL-2.0-only
// Comes back with something held, in the way that "how" says; or spins.
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

static char *how = "";
module_param(how, charp, 0);

static DEFINE_SPINLOCK(the_lock);
static DEFINE_RWLOCK(the_rwlock);
static DEFINE_MUTEX(the_mutex);
static struct proc_dir_entry *entry;
static LIST_HEAD(the_list);
static struct list_head item;

static noinline void leave(const char *what)
{
	if (!strcmp(what, "spin"))
		spin_lock(&the_lock); /* MARK spin */
	else if (!strcmp(what, "read"))
		read_lock(&the_rwlock); /* MARK read */
	else if (!strcmp(what, "mutex"))
		mutex_lock(&the_mutex); /* MARK mutex */
	else if (!strcmp(what, "preempt"))
		preempt_disable();
	else if (!strcmp(what, "irq"))
		local_irq_disable();
	else if (!strcmp(what, "rcu"))
		rcu_read_lock();
}

static noinline void again(void)
{
	spin_lock(&the_lock); /* MARK again */
	spin_unlock(&the_lock);
}

static noinline void corrupt(const char *what)
{
	list_add(&item, &the_list);
	if (!strcmp(what, "list_add"))
		list_add(&item, &the_list); /* MARK list_add */
	list_del(&item);
	if (!strcmp(what, "list_del"))
		list_del(&item); /* MARK list_del */
}

static ssize_t read(struct file *file, char __user *to, size_t n, loff_t *at)
{
	if (!strncmp(how, "read-", 5))
		leave(how + 5);
	return 0;
}

static const struct proc_ops ops = { .proc_read = read };

static int __init unbalanced_init(void)
{
	entry = proc_create("unbalanced", 0600, NULL, &ops);
	if (!strncmp(how, "list", 4))
		corrupt(how);
	if (!strcmp(how, "twice")) {
		spin_lock(&the_lock);
		again();
		spin_unlock(&the_lock);
	}
	leave(how); /* MARK init */
	return 0;
}
module_init(unbalanced_init);

static void __exit unbalanced_exit(void)
{
	proc_remove(entry);
	if (!strncmp(how, "exit-", 5))
		leave(how + 5); /* MARK exit */
}
module_exit(unbalanced_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("leaves locks held");
