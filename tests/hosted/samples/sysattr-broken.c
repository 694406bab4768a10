// SPDX-License-Identifier: GPL-2.0-only
// A double free: the attribute's old text is freed, but not forgotten.
/*
 *	$ insmod sysattr-broken.ko
 *	$ echo one > /sys/kernel/sample_sysattr_broken/text
 *	$ echo  > /sys/kernel/sample_sysattr_broken/text
 *	$ rmmod sysattr-broken
 */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static char *text;
static struct kobject *dir;

static ssize_t text_show(struct kobject *object, struct kobj_attribute *a,
			 char *to)
{
	return sysfs_emit(to, "%s\n", text ? text : "");
}

static ssize_t text_store(struct kobject *object, struct kobj_attribute *a,
			  const char *from, size_t size)
{
	kfree(text);
	if (from[0] == '\n')
		return size; /* text should be NULL from here on */
	text = kstrndup(from, size, GFP_KERNEL);
	return text ? size : -ENOMEM;
}

static struct kobj_attribute text_attr = __ATTR_RW(text);

static int __init sysattr_init(void)
{
	int r;

	dir = kobject_create_and_add("sample_sysattr_broken", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	r = sysfs_create_file(dir, &text_attr.attr);
	if (r)
		kobject_put(dir);
	return r;
}

static void __exit sysattr_exit(void)
{
	sysfs_remove_file(dir, &text_attr.attr);
	kfree(text); /* BUG: double-free */
	kobject_put(dir);
}

module_init(sysattr_init);
module_exit(sysattr_exit);
MODULE_DESCRIPTION("Broken sample: double free");
MODULE_LICENSE("GPL");
