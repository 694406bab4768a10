// SPDX-License-Identifier: GPL-2.0-only
// A list keeps the order of arrival, a red-black tree the order of value.
/*
 *	$ insmod sorted.ko
 *	$ for i in 5 3 9 1 7; do echo $i > /proc/sample_sorted; done
 *	$ cat /proc/sample_sorted
 *	arrived 5 3 9 1 7
 *	sorted 1 3 5 7 9
 *	$ echo 3 > /proc/sample_sorted
 *	[failed]
 *	$ echo -9 > /proc/sample_sorted
 *	$ echo -4 > /proc/sample_sorted
 *	[failed]
 *	$ cat /proc/sample_sorted
 *	arrived 5 3 1 7
 *	sorted 1 3 5 7
 *	$ rmmod sorted
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/rbtree.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct item {
	struct list_head list;
	struct rb_node node;
	int value;
};

static LIST_HEAD(arrived);
static struct rb_root tree = RB_ROOT;
static DEFINE_MUTEX(lock);

static struct item *item_of(const struct rb_node *node)
{
	return rb_entry(node, struct item, node);
}

static int compare_nodes(struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->value - item_of(b)->value;
}

static int compare_value(const void *value, const struct rb_node *b)
{
	return *(const int *)value - item_of(b)->value;
}

static int add_value(int value)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return -ENOMEM;
	item->value = value;
	if (rb_find_add(&item->node, &tree, compare_nodes)) {
		kfree(item);
		return -EEXIST;
	}
	list_add_tail(&item->list, &arrived);
	return 0;
}

static void item_remove(struct item *item)
{
	list_del(&item->list);
	rb_erase(&item->node, &tree);
	kfree(item);
}

static int remove_value(int value)
{
	struct rb_node *node = rb_find(&value, &tree, compare_value);

	if (!node)
		return -ENOENT;
	item_remove(item_of(node));
	return 0;
}

static ssize_t sorted_write(struct file *file, const char __user *from,
			    size_t size, loff_t *at)
{
	int value, r = kstrtoint_from_user(from, size, 10, &value);

	if (r)
		return r;
	mutex_lock(&lock);
	r = value < 0 ? remove_value(-value) : add_value(value);
	mutex_unlock(&lock);
	return r ? r : size;
}

static int sorted_show(struct seq_file *seq, void *unused)
{
	struct rb_node *node;
	struct item *item;

	mutex_lock(&lock);
	seq_puts(seq, "arrived");
	list_for_each_entry(item, &arrived, list)
		seq_printf(seq, " %d", item->value);
	seq_puts(seq, "\nsorted");
	for (node = rb_first(&tree); node; node = rb_next(node))
		seq_printf(seq, " %d", item_of(node)->value);
	seq_puts(seq, "\n");
	mutex_unlock(&lock);
	return 0;
}

static int sorted_open(struct inode *inode, struct file *file)
{
	return single_open(file, sorted_show, NULL);
}

static const struct proc_ops sorted_ops = {
	.proc_open = sorted_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = sorted_write,
};

static int __init sorted_init(void)
{
	if (!proc_create("sample_sorted", 0644, NULL, &sorted_ops))
		return -ENOMEM;
	return 0;
}

static void __exit sorted_exit(void)
{
	struct item *item, *next;

	remove_proc_entry("sample_sorted", NULL);
	list_for_each_entry_safe(item, next, &arrived, list) item_remove(item);
}

module_init(sorted_init);
module_exit(sorted_exit);
MODULE_DESCRIPTION("Sample: list and rbtree");
MODULE_LICENSE("GPL");
