// SPDX-License-Identifier: GPL-2.0-only
// States and flags of a task that more than one part of the host looks at.
#pragma once

#include <stdbool.h>

/* include/linux/sched.h; the first two are as old as the kernel */
#define TASK_RUNNING 0u
#define TASK_INTERRUPTIBLE 1u
#define TASK_UNINTERRUPTIBLE 2u
#define TASK_NORMAL 3u
#define TASK_DEAD 0x80u
#define TASK_WAKEKILL 0x100u
#define TIF_SIGPENDING 4u /* arch/x86/include/asm/thread_info.h */
#define TIF_NEED_RESCHED 8u

/* wake.c */
bool task_has_signal(void *task);
