// SPDX-License-Identifier: GPL-2.0-only
// An overflow in another module: a count of bytes is passed for one of numbers.
/*
 *	$ insmod sums-broken.ko
 *	$ insmod sums_user-broken.ko
 *	$ rmmod sums_user-broken
 *	$ rmmod sums-broken
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "sums-broken.h"

static int __init sums_user_init(void)
{
	const size_t size = 8 * sizeof(s32);
	s32 *numbers = kzalloc(size, GFP_KERNEL);

	if (!numbers)
		return -ENOMEM;
	pr_info("sum %d\n", sample_sum_broken(numbers, size));
	kfree(numbers);
	return 0;
}

static void __exit sums_user_exit(void)
{
}

module_init(sums_user_init);
module_exit(sums_user_exit);
MODULE_DESCRIPTION("Broken sample: user of exported symbols");
MODULE_LICENSE("GPL");
