// SPDX-License-Identifier: GPL-2.0-only
// A module that uses what kernels differ in: interrupts off, CPUID, an MSR,
// a warning, memory, a sleep.
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <asm/msr.h>
#include <asm/processor.h>

static int warn;
module_param(warn, int, 0444);

static DEFINE_SPINLOCK(lock);

static int __init small_init(void)
{
	u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
	unsigned long flags, start = jiffies;
	u32 low = 0, high = 0;
	char *copy;

	spin_lock_irqsave(&lock, flags);
	native_cpuid(&eax, &ebx, &ecx, &edx);
	spin_unlock_irqrestore(&lock, flags);
	copy = kstrdup("text", GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	pr_info("small: %s, vendor %.4s%.4s%.4s\n", copy, (char *)&ebx,
		(char *)&edx, (char *)&ecx);
	kfree(copy);
	if (rdmsr_safe(MSR_EFER, &low, &high))
		return -EIO;
	msleep(20);
	WARN_ON(warn);
	pr_info("small: slept %d, efer %x\n", time_after(jiffies, start), low);
	return 0;
}
module_init(small_init);

static void __exit small_exit(void)
{
	pr_info("small: bye\n");
}
module_exit(small_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("What kernels differ in");
