// SPDX-License-Identifier: LGPL-2.1-or-later
// What sums.c exports to other modules.
#pragma once

#include <linux/types.h>

/* The sum of @count numbers, or -EOVERFLOW */
int sample_sum(const s32 *numbers, size_t count, s32 *ret_sum);
