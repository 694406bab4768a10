// SPDX-License-Identifier: GPL-2.0-only
// A kobject of its own in /sys: attributes in a group, and a binary one.
/*
 *	$ insmod sysattr.ko
 *	$ cat /sys/kernel/sample_sysattr/colour
 *	[red] green blue
 *	$ echo blue > /sys/kernel/sample_sysattr/colour
 *	$ cat /sys/kernel/sample_sysattr/colour
 *	red green [blue]
 *	$ echo mauve > /sys/kernel/sample_sysattr/colour
 *	[failed]
 *	$ cat /sys/kernel/sample_sysattr/changes
 *	1
 *	$ printf abcdef > /sys/kernel/sample_sysattr/notes
 *	$ dd if=/sys/kernel/sample_sysattr/notes bs=1 skip=2 count=3; echo
 *	cde
 *	$ ls /sys/kernel/sample_sysattr
 *	changes
 *	colour
 *	notes
 *	$ rmmod sysattr
 *	$ ls /sys/kernel/sample_sysattr
 *	[failed]
 */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static const char *const colours[] = { "red", "green", "blue" };
static int colour;
static atomic_t changes;
static char notes[16];
static struct kobject *dir;

static ssize_t colour_show(struct kobject *object, struct kobj_attribute *a,
			   char *to)
{
	int len = 0;

	for (int i = 0; i < ARRAY_SIZE(colours); i++)
		len += sysfs_emit_at(to, len, i == colour ? "%s[%s]" : "%s%s",
				     i ? " " : "", colours[i]);
	return len + sysfs_emit_at(to, len, "\n");
}

static ssize_t colour_store(struct kobject *object, struct kobj_attribute *a,
			    const char *from, size_t size)
{
	int i = sysfs_match_string(colours, from);

	if (i < 0)
		return i;
	colour = i;
	atomic_inc(&changes);
	return size;
}

static ssize_t changes_show(struct kobject *object, struct kobj_attribute *a,
			    char *to)
{
	return sysfs_emit(to, "%d\n", atomic_read(&changes));
}

static ssize_t notes_read(struct file *file, struct kobject *object,
			  struct bin_attribute *a, char *to, loff_t at,
			  size_t size)
{
	return memory_read_from_buffer(to, size, &at, notes, sizeof(notes));
}

/* sysfs has made sure that it ends within the attribute's size */
static ssize_t notes_write(struct file *file, struct kobject *object,
			   struct bin_attribute *a, char *from, loff_t at,
			   size_t size)
{
	memcpy(notes + at, from, size);
	return size;
}

static struct kobj_attribute colour_attr = __ATTR_RW(colour);
static struct kobj_attribute changes_attr = __ATTR_RO(changes);
static BIN_ATTR_RW(notes, sizeof(notes));

static struct attribute *attrs[] = {
	&colour_attr.attr,
	&changes_attr.attr,
	NULL,
};

static struct bin_attribute *bin_attrs[] = {
	&bin_attr_notes,
	NULL,
};

static const struct attribute_group group = {
	.attrs = attrs,
	.bin_attrs = bin_attrs,
};

static int __init sysattr_init(void)
{
	int r;

	dir = kobject_create_and_add("sample_sysattr", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	r = sysfs_create_group(dir, &group);
	if (r)
		kobject_put(dir);
	return r;
}

static void __exit sysattr_exit(void)
{
	sysfs_remove_group(dir, &group);
	kobject_put(dir);
}

module_init(sysattr_init);
module_exit(sysattr_exit);
MODULE_DESCRIPTION("Sample: sysfs");
MODULE_LICENSE("GPL");
