// SPDX-License-Identifier: GPL-2.0-only
// Files in debugfs: values that need no function, a blob, and a shown one.
/*
 *	$ insmod debugval.ko
 *	$ cat /sys/kernel/debug/sample_debugval/limit
 *	100
 *	$ echo 0x20 > /sys/kernel/debug/sample_debugval/limit
 *	$ cat /sys/kernel/debug/sample_debugval/limit
 *	32
 *	$ echo y > /sys/kernel/debug/sample_debugval/enabled
 *	$ cat /sys/kernel/debug/sample_debugval/enabled
 *	Y
 *	$ cat /sys/kernel/debug/sample_debugval/blob
 *	a blob of bytes
 *	$ cat /sys/kernel/debug/sample_debugval/state
 *	limit 32, enabled, read 1 times
 *	$ echo -1 > /sys/kernel/debug/sample_debugval/square
 *	[failed]
 *	$ echo 12 > /sys/kernel/debug/sample_debugval/square
 *	$ cat /sys/kernel/debug/sample_debugval/square
 *	144
 *	$ rmmod debugval
 *	$ cat /sys/kernel/debug/sample_debugval/limit
 *	[failed]
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static struct dentry *dir;
static u32 limit = 100;
static bool enabled;
static atomic_t reads;
static u64 square;
static char text[] = "a blob of bytes\n";
static struct debugfs_blob_wrapper blob = {
	.data = text,
	.size = sizeof(text) - 1,
};

static int state_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "limit %u, %s, read %d times\n", limit,
		   enabled ? "enabled" : "disabled", atomic_inc_return(&reads));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int square_get(void *data, u64 *to)
{
	*to = square;
	return 0;
}

static int square_set(void *data, u64 value)
{
	if (value > U32_MAX)
		return -ERANGE;
	square = value * value;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(square_fops, square_get, square_set, "%llu\n");

/* Nothing of debugfs is checked: without it the module works as well. */
static int __init debugval_init(void)
{
	dir = debugfs_create_dir("sample_debugval", NULL);
	debugfs_create_u32("limit", 0644, dir, &limit);
	debugfs_create_bool("enabled", 0644, dir, &enabled);
	debugfs_create_blob("blob", 0444, dir, &blob);
	debugfs_create_file("state", 0444, dir, NULL, &state_fops);
	debugfs_create_file_unsafe("square", 0644, dir, NULL, &square_fops);
	return 0;
}

static void __exit debugval_exit(void)
{
	debugfs_remove(dir);
}

module_init(debugval_init);
module_exit(debugval_exit);
MODULE_DESCRIPTION("Sample: debugfs");
MODULE_LICENSE("GPL");
