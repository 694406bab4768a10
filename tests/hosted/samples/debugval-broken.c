// SPDX-License-Identifier: GPL-2.0-only
// A use after free: the exit function reads what it has just freed.
/*
 *	$ insmod debugval-broken.ko
 *	$ cat /sys/kernel/debug/sample_debugval_broken/limit
 *	$ rmmod debugval-broken
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/slab.h>

struct state {
	u32 limit;
	struct dentry *dir;
};

static struct state *state;

static int __init debugval_init(void)
{
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	state->dir = debugfs_create_dir("sample_debugval_broken", NULL);
	debugfs_create_u32("limit", 0644, state->dir, &state->limit);
	return 0;
}

static void __exit debugval_exit(void)
{
	kfree(state);
	debugfs_remove(state->dir); /* BUG: use-after-free */
}

module_init(debugval_init);
module_exit(debugval_exit);
MODULE_DESCRIPTION("Broken sample: use after free");
MODULE_LICENSE("GPL");
