// SPDX-License-Identifier: GPL-2.0-only
// Timers: a wheel timer that starts itself again, and a high resolution one.
/*
 *	$ insmod ticker.ko times=3 period_ms=20
 *	$ sleep 0.5; cat /proc/sample_ticker
 *	wheel 3 of 3, not pending
 *	high resolution 3 of 3
 *	times in order
 *	$ rmmod ticker
 *	$ insmod ticker.ko times=1000 period_ms=20
 *	$ grep pending /proc/sample_ticker | cut -d, -f2
 *	 pending
 *	$ rmmod ticker
 */
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/timer.h>

static unsigned int times = 5;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "how often each timer goes off");

static unsigned int period_ms = 10;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "time between");

static struct timer_list wheel;
static struct hrtimer precise;
static unsigned int wheel_count, precise_count, early;
static ktime_t last;

static void wheel_fired(struct timer_list *timer)
{
	ktime_t now = ktime_get();

	if (ktime_before(now, last))
		early++;
	last = now;
	if (++wheel_count < times)
		mod_timer(timer, jiffies + msecs_to_jiffies(period_ms));
}

static enum hrtimer_restart precise_fired(struct hrtimer *timer)
{
	if (ktime_before(ktime_get(), hrtimer_get_expires(timer)))
		early++;
	if (++precise_count >= times)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ms_to_ktime(period_ms));
	return HRTIMER_RESTART;
}

static int ticker_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "wheel %u of %u, %s\n", wheel_count, times,
		   timer_pending(&wheel) ? "pending" : "not pending");
	seq_printf(seq, "high resolution %u of %u\n", precise_count, times);
	seq_printf(seq, "times %s\n", early ? "wrong" : "in order");
	return 0;
}

static int __init ticker_init(void)
{
	if (!proc_create_single("sample_ticker", 0444, NULL, ticker_show))
		return -ENOMEM;
	last = ktime_get();
	timer_setup(&wheel, wheel_fired, 0);
	hrtimer_init(&precise, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	precise.function = precise_fired;
	mod_timer(&wheel, jiffies + msecs_to_jiffies(period_ms));
	hrtimer_start(&precise, ms_to_ktime(period_ms), HRTIMER_MODE_REL);
	return 0;
}

static void __exit ticker_exit(void)
{
	del_timer_sync(&wheel);
	hrtimer_cancel(&precise);
	remove_proc_entry("sample_ticker", NULL);
}

module_init(ticker_init);
module_exit(ticker_exit);
MODULE_DESCRIPTION("Sample: timers");
MODULE_LICENSE("GPL");
