// SPDX-License-Identifier: GPL-2.0-only
// The kernel's own complaints: warnings, bugs, what init returns and leaves.
#include <linux/delay.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

#include "how.h"

static noinline int warn(void)
{
	WARN_ON(how);
	return -EINVAL;
}

static noinline int warn_text(void)
{
	WARN(how, "a warning in %s, number %d\n", "words", 42);
	return 0;
}

static noinline int warn_once(void)
{
	for (int i = 0; i < 3; i++)
		WARN_ONCE(how, "once only, not %d\n", i + 2);
	return -EAGAIN;
}

static noinline int warn_taint(void)
{
	WARN_TAINT(how, TAINT_FIRMWARE_WORKAROUND,
		   "the firmware is to blame\n");
	return 0;
}

static noinline int bug(void)
{
	BUG();
	return 0;
}

static noinline int bug_below(int n)
{
	BUG_ON(n == 3);
	return n;
}

static noinline int bug_on(void)
{
	return bug_below(1) + bug_below(3);
}

static noinline int stack(void)
{
	dump_stack();
	return -ENODEV;
}

static noinline int positive(void)
{
	return 7;
}

static noinline int defer(void)
{
	return -EPROBE_DEFER;
}

static noinline int interrupted(void)
{
	return -EINTR;
}

static noinline int restart(void)
{
	return -ERESTARTSYS;
}

static noinline int too_low(void)
{
	return -5000;
}

static noinline int preempt_left(void)
{
	preempt_disable();
	return 0;
}

static noinline int irqs_left(void)
{
	local_irq_disable();
	return 0;
}

static DEFINE_SPINLOCK(the_lock);

static noinline int sleep_locked(void)
{
	spin_lock(&the_lock);
	msleep(20);
	spin_unlock(&the_lock);
	return 0;
}

static noinline int bug_locked(void)
{
	spin_lock(&the_lock);
	bug();
	spin_unlock(&the_lock);
	return 0;
}

static noinline int bug_irqs_off(void)
{
	local_irq_disable();
	bug();
	local_irq_enable();
	return 0;
}

static noinline int told_so(void)
{
	panic("told so, in %s", "init");
	return 0;
}

WAYS(broken_core, { "warn", warn }, { "warn-text", warn_text },
     { "warn-once", warn_once }, { "warn-taint", warn_taint }, { "bug", bug },
     { "bug-on", bug_on }, { "stack", stack }, { "positive", positive },
     { "defer", defer }, { "interrupted", interrupted }, { "restart", restart },
     { "too-low", too_low }, { "preempt-left", preempt_left },
     { "irqs-left", irqs_left }, { "sleep-locked", sleep_locked },
     { "bug-locked", bug_locked }, { "bug-irqs-off", bug_irqs_off },
     { "panic", told_so });
