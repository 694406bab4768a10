// SPDX-License-Identifier: GPL-2.0-only
// Never ends.
#include <linux/module.h>

static int stop;

static noinline void wait_for_it(void)
{
	while (!READ_ONCE(stop)) /* MARK deadlock */
		cpu_relax();
}

static int __init spin_init_init(void)
{
	wait_for_it(); /* MARK init */
	return 0;
}
module_init(spin_init_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a loop without end");
