// SPDX-License-Identifier: GPL-2.0-only
// An init function that waits until it is killed, or for ever.
#include <linux/completion.h>
#include <linux/module.h>

static bool killable;
module_param(killable, bool, 0444);
static DECLARE_COMPLETION(never);

static int __init hang_init(void)
{
	if (killable)
		return wait_for_completion_killable(&never);
	wait_for_completion(&never);
	return 0;
}

module_init(hang_init);
MODULE_LICENSE("GPL");
