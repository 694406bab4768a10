// SPDX-License-Identifier: GPL-2.0-only
// Names and numbers that are taken, objects that are none.
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/netdevice.h>
#include <linux/platform_device.h>
#include <linux/proc_fs.h>
#include <linux/etherdevice.h>
#include <linux/version.h>

#include "how.h"

static struct kobject *made;
static struct kobject raw;

static noinline int name_taken(void)
{
	made = kobject_create_and_add("mm", kernel_kobj);
	return made ? 0 : -EEXIST;
}

static noinline int kobject_no_name(void)
{
	static struct kobj_type type = { .sysfs_ops = &kobj_sysfs_ops };
	int r;

	kobject_init(&raw, &type);
	r = kobject_add(&raw, kernel_kobj, NULL);
	return r;
}

static noinline int kobject_twice(void)
{
	static struct kobj_type type = { .sysfs_ops = &kobj_sysfs_ops };

	kobject_init(&raw, &type);
	kobject_init(&raw, &type);
	return -EINVAL;
}

static noinline int kobject_raw(void)
{
	return kobject_add(&raw, kernel_kobj, "broken");
}

static noinline int proc_twice(void)
{
	proc_mkdir("broken_device", NULL);
	return proc_mkdir("broken_device", NULL) ? 0 : -EEXIST;
}

static noinline int proc_missing(void)
{
	remove_proc_entry("broken_nothing", NULL);
	return -ENOENT;
}

static noinline int proc_slash(void)
{
	return proc_create("", 0, NULL, NULL) ? 0 : -EINVAL;
}

static noinline int debugfs_twice(void)
{
	struct dentry *a = debugfs_create_dir("broken_device", NULL);
	struct dentry *b = debugfs_create_dir("broken_device", NULL);
	long r = PTR_ERR_OR_ZERO(b);

	debugfs_remove(a);
	return r;
}

static const struct file_operations no_operations = { .owner = THIS_MODULE };
static struct miscdevice null_device = { .minor = 1, /* /dev/mem's major */
					 .name = "broken_misc",
					 .fops = &no_operations };
static struct miscdevice rtc_like = { .minor = 242,
				      .name = "broken_misc",
				      .fops = &no_operations };

static noinline int misc_twice(void)
{
	int r = misc_register(&rtc_like);

	null_device.minor = 242;
	return r ? r : misc_register(&null_device);
}

static noinline int major_taken(void)
{
	return register_chrdev(1, "broken_device", &no_operations);
}

static noinline int major_beyond(void)
{
	return register_chrdev(100000, "broken_device", &no_operations);
}

static struct platform_driver driver = { .driver = { .name = "broken" } };

static noinline int driver_twice(void)
{
	int r = platform_driver_register(&driver);

	if (!r)
		r = platform_driver_register(&driver);
	platform_driver_unregister(&driver);
	return r;
}

static noinline int driver_never(void)
{
	driver_unregister(&driver.driver);
	return -EINVAL;
}

static struct device device;

static noinline int device_no_release(void)
{
	device_initialize(&device);
	dev_set_name(&device, "broken");
	put_device(&device);
	return -EINVAL;
}

static noinline int device_no_name(void)
{
	return device_register(&device);
}

static noinline int device_taken(void)
{
	struct platform_device *a, *b;
	long r;

	a = platform_device_register_simple("broken", 3, NULL, 0);
	b = platform_device_register_simple("broken", 3, NULL, 0);
	r = PTR_ERR_OR_ZERO(b);
	platform_device_unregister(a);
	return r;
}

static noinline int class_twice(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	struct class *c = class_create(THIS_MODULE, "mem");
#else
	struct class *c = class_create("mem");
#endif
	return PTR_ERR_OR_ZERO(c);
}

static noinline int irq_free(void)
{
	free_irq(200, &device);
	return -EINVAL;
}

static noinline int irq_none(void)
{
	return request_irq(5000, NULL, 0, "broken", NULL);
}

static noinline int region_missing(void)
{
	release_region(0x5555, 8);
	return -EINVAL;
}

static noinline int netdev_raw(void)
{
	struct net_device *d = alloc_netdev(0, "a/b", NET_NAME_USER,
					    ether_setup);
	int r = d ? register_netdev(d) : -ENOMEM;

	if (r && d)
		free_netdev(d);
	return r;
}

WAYS(broken_device, { "kobject-name", name_taken },
     { "kobject-no-name", kobject_no_name }, { "kobject-twice", kobject_twice },
     { "kobject-raw", kobject_raw }, { "proc-twice", proc_twice },
     { "proc-missing", proc_missing }, { "proc-empty", proc_slash },
     { "debugfs-twice", debugfs_twice }, { "misc-twice", misc_twice },
     { "major-taken", major_taken }, { "major-beyond", major_beyond },
     { "driver-twice", driver_twice }, { "driver-never", driver_never },
     { "device-no-release", device_no_release },
     { "device-no-name", device_no_name }, { "device-taken", device_taken },
     { "class-taken", class_twice }, { "irq-free", irq_free },
     { "irq-none", irq_none }, { "region-missing", region_missing },
     { "netdev-name", netdev_raw });
