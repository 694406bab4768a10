// SPDX-License-Identifier: GPL-2.0-only
// Locks: a mutex where one may sleep, a spinlock where a timer comes in, a
// rwlock where reading is common.
/*
 *	$ insmod ledger.ko
 *	$ echo 0 1 30 > /proc/sample_ledger
 *	$ cat /proc/sample_ledger
 *	0: 70
 *	1: 130
 *	2: 100
 *	3: 100
 *	$ echo 0 1 71 > /proc/sample_ledger
 *	[failed]
 *	$ echo 9 1 1 > /proc/sample_ledger
 *	[failed]
 *	$ echo 1 > /sys/module/ledger/parameters/race; sleep 0.3
 *	$ awk '{ sum += $2 } END { print sum }' /proc/sample_ledger
 *	400
 *	$ cat /sys/module/ledger/parameters/transfers
 *	2001
 *	$ rmmod ledger
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/rwlock.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uaccess.h>

#define ACCOUNTS 4
#define RACERS 4
#define RACE_TRANSFERS 500

static int balance[ACCOUNTS] = { 100, 100, 100, 100 };
static DEFINE_RWLOCK(balance_lock);

/* Counted by the timer's function too, so its users switch it off. */
static unsigned int transfers, sampled;
static DEFINE_SPINLOCK(count_lock);
module_param(transfers, uint, 0444);
MODULE_PARM_DESC(transfers, "transfers so far");

static DEFINE_MUTEX(race_lock);

static int ledger_move(unsigned int from, unsigned int to, int amount)
{
	int r = 0;

	if (from >= ACCOUNTS || to >= ACCOUNTS || amount <= 0)
		return -EINVAL;
	write_lock_bh(&balance_lock);
	if (balance[from] < amount) {
		r = -ENOSPC;
	} else {
		balance[from] -= amount;
		balance[to] += amount;
	}
	write_unlock_bh(&balance_lock);
	if (r)
		return r;
	spin_lock_bh(&count_lock);
	transfers++;
	spin_unlock_bh(&count_lock);
	return 0;
}

static void sample_timer(struct timer_list *timer)
{
	spin_lock(&count_lock);
	sampled = transfers;
	spin_unlock(&count_lock);
	mod_timer(timer, jiffies + 1);
}
static DEFINE_TIMER(timer, sample_timer);

/* Round and round, so nobody is ever short of money for good. */
static int race_thread(void *number)
{
	unsigned int from = (unsigned long)number;

	for (unsigned int i = 0; i < RACE_TRANSFERS;) {
		i += !ledger_move(from, (from + 1) % ACCOUNTS, 1);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static int race(void)
{
	struct task_struct *racer[RACERS];

	for (unsigned long i = 0; i < RACERS; i++)
		racer[i] = kthread_run(race_thread, (void *)i, "racer%lu", i);
	schedule_timeout_uninterruptible(HZ / 10);
	for (int i = 0; i < RACERS; i++)
		if (!IS_ERR(racer[i]))
			kthread_stop(racer[i]);
	return 0;
}

static int race_set(const char *text, const struct kernel_param *p)
{
	int r = mutex_lock_interruptible(&race_lock);

	if (r)
		return r;
	r = race();
	mutex_unlock(&race_lock);
	return r;
}

static const struct kernel_param_ops race_ops = { .set = race_set };
module_param_cb(race, &race_ops, NULL, 0200);
MODULE_PARM_DESC(race, "lets four threads move money at once");

static ssize_t ledger_write(struct file *file, const char __user *from,
			    size_t size, loff_t *at)
{
	unsigned int source, target;
	char text[32];
	int amount, r;

	if (size >= sizeof(text))
		return -EMSGSIZE;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = '\0';
	if (sscanf(text, "%u %u %d", &source, &target, &amount) != 3)
		return -EINVAL;
	r = ledger_move(source, target, amount);
	return r ? r : size;
}

static int ledger_show(struct seq_file *seq, void *unused)
{
	read_lock_bh(&balance_lock);
	for (int i = 0; i < ACCOUNTS; i++)
		seq_printf(seq, "%d: %d\n", i, balance[i]);
	read_unlock_bh(&balance_lock);
	return 0;
}

static int ledger_open(struct inode *inode, struct file *file)
{
	return single_open(file, ledger_show, NULL);
}

static const struct proc_ops ledger_ops = {
	.proc_open = ledger_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = ledger_write,
};

static int __init ledger_init(void)
{
	if (!proc_create("sample_ledger", 0644, NULL, &ledger_ops))
		return -ENOMEM;
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit ledger_exit(void)
{
	remove_proc_entry("sample_ledger", NULL);
	del_timer_sync(&timer);
}

module_init(ledger_init);
module_exit(ledger_exit);
MODULE_DESCRIPTION("Sample: mutex, spinlock and rwlock");
MODULE_LICENSE("GPL");
