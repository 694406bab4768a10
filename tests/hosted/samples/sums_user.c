// SPDX-License-Identifier: GPL-2.0-only
// Uses what sums.c exports; see there.
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "sums.h"

static int numbers[8];
static unsigned int count;
module_param_array(numbers, int, &count, 0444);
MODULE_PARM_DESC(numbers, "what to add up");

static int sum;
module_param(sum, int, 0444);
MODULE_PARM_DESC(sum, "their sum");

static int __init sums_user_init(void)
{
	return sample_sum(numbers, count, &sum);
}

static void __exit sums_user_exit(void)
{
}

module_init(sums_user_init);
module_exit(sums_user_exit);
MODULE_DESCRIPTION("Sample: user of exported symbols");
MODULE_LICENSE("GPL");
