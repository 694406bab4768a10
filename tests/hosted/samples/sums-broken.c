// SPDX-License-Identifier: GPL-2.0-only
// Exports a function that trusts its caller; see sums_user-broken.c.
#include <linux/export.h>
#include <linux/module.h>

#include "sums-broken.h"

int sample_sum_broken(const s32 *numbers, size_t count)
{
	int sum = 0;

	while (count--)
		sum += numbers[count]; /* BUG: out-of-bounds */
	return sum;
}
EXPORT_SYMBOL_GPL(sample_sum_broken);

MODULE_DESCRIPTION("Broken sample: exported symbols");
MODULE_LICENSE("GPL");
