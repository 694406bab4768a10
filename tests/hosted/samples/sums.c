// SPDX-License-Identifier: GPL-2.0-only
// Exported symbols: a function that another module, sums_user, calls.
/*
 *	$ insmod sums_user.ko
 *	[failed]
 *	$ insmod sums.ko
 *	$ insmod sums_user.ko numbers=1,2,39
 *	$ cat /sys/module/sums_user/parameters/sum
 *	42
 *	$ awk '/^sums / { print $3, $4 }' /proc/modules
 *	1 sums_user,
 *	$ ls /sys/module/sums/holders
 *	sums_user
 *	$ rmmod sums
 *	[failed]
 *	$ rmmod sums_user
 *	$ insmod sums_user.ko numbers=2147483647,1
 *	[failed]
 *	$ rmmod sums
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include "sums.h"

int sample_sum(const s32 *numbers, size_t count, s32 *ret_sum)
{
	s32 sum = 0;

	for (size_t i = 0; i < count; i++)
		if (check_add_overflow(sum, numbers[i], &sum))
			return -EOVERFLOW;
	*ret_sum = sum;
	return 0;
}
EXPORT_SYMBOL_GPL(sample_sum);

MODULE_DESCRIPTION("Sample: exported symbols");
MODULE_LICENSE("GPL");
