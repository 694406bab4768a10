// SPDX-License-Identifier: LGPL-2.1-or-later
// What sums-broken.c exports.
#pragma once

#include <linux/types.h>

int sample_sum_broken(const s32 *numbers, size_t count);
