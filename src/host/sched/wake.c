// SPDX-License-Identifier: GPL-2.0-only
// Waking tasks, and signals that do.
#include <signal.h>

#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/sched/task.h"

KERNEL_ENTRY int kernel_wake_up_state(void *task, uint32_t state)
{
	uint32_t *now;

	if (!task)
		return 0;
	now = at(task, host.off.task_state);
	if (*now & state) {
		*now = TASK_RUNNING;
		return 1;
	}
	/* it waits for a lock and will then look at what it waited for first */
	if (host.off.task_saved_state == NO_OFFSET)
		return 0;
	now = at(task, host.off.task_saved_state);
	if (!(*now & state))
		return 0;
	*now = TASK_RUNNING;
	return 1;
}

KERNEL_ENTRY int kernel_wake_up(void *task)
{
	return kernel_wake_up_state(task, TASK_NORMAL);
}

KERNEL_ENTRY int kernel_wake_function(void *entry, uint32_t state)
{
	return kernel_wake_up_state(*(void **)at(entry, host.off.wait_private),
				    state);
}

/* All but the first, which is who started the kernel. */
void sched_kill(void *task)
{
	uint64_t *pending = at(task, host.off.task_pending_signal);
	uint32_t *flags = at(task, host.off.task_info_flags);

	*pending |= 1UL << (SIGKILL - 1);
	*flags |= TIF_SIGPENDING;
	kernel_wake_up_state(task, TASK_INTERRUPTIBLE | TASK_WAKEKILL);
}

void sched_interrupt(void *task)
{
	*(uint64_t *)at(task, host.off.task_pending_signal) |= 1UL
							       << (SIGINT - 1);
	*(uint32_t *)at(task, host.off.task_info_flags) |= TIF_SIGPENDING;
	kernel_wake_up_state(task, TASK_INTERRUPTIBLE);
}

void sched_clear_interrupt(void *task)
{
	uint64_t *pending = at(task, host.off.task_pending_signal);

	*pending &= ~(1UL << (SIGINT - 1));
	if (!*pending)
		*(uint32_t *)at(task,
				host.off.task_info_flags) &= ~TIF_SIGPENDING;
}

/* __schedule(): who has a signal does not go to sleep. */
bool task_has_signal(void *task)
{
	uint32_t state = *(uint32_t *)at(task, host.off.task_state);
	uint32_t flags = *(uint32_t *)at(task, host.off.task_info_flags);
	uint64_t pending = *(uint64_t *)at(task, host.off.task_pending_signal);

	if (!(flags & TIF_SIGPENDING))
		return false;
	return (state & TASK_INTERRUPTIBLE) ||
	       ((state & TASK_WAKEKILL) && (pending & 1UL << (SIGKILL - 1)));
}
