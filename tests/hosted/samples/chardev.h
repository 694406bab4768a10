// SPDX-License-Identifier: LGPL-2.1-or-later
// The ioctls of chardev.c, for it and for programs (poke.c).
#pragma once

#include <linux/ioctl.h>
#include <linux/types.h>

#define CHARDEV_GET_FILL _IOR('s', 1, __u32)
#define CHARDEV_SET_LIMIT _IOW('s', 2, __u32)
#define CHARDEV_CLEAR _IO('s', 3)
