// SPDX-License-Identifier: GPL-2.0-only
// Lists, references, timers and work that are not as they should be.
#include <linux/completion.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "how.h"

static LIST_HEAD(the_list);
static struct list_head first, second;

static noinline int list_twice(void)
{
	list_add(&first, &the_list);
	list_add(&first, &the_list);
	return 0;
}

static noinline int list_deleted(void)
{
	list_add(&first, &the_list);
	list_del(&first);
	list_del(&first);
	return 0;
}

static noinline int list_broken(void)
{
	list_add(&first, &the_list);
	list_add(&second, &the_list);
	second.next = &the_list;
	list_del(&first);
	return 0;
}

static noinline int list_never(void)
{
	list_del(&second);
	return 0;
}

static noinline int count_zero(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	refcount_inc(&r);
	return -EBUSY;
}

static noinline int count_under(void)
{
	refcount_t r = REFCOUNT_INIT(1);

	refcount_dec(&r);
	refcount_dec(&r);
	return -EBUSY;
}

static noinline int count_over(void)
{
	refcount_t r = REFCOUNT_INIT(INT_MAX);

	refcount_inc(&r);
	refcount_inc(&r);
	return -EBUSY;
}

/* About to wait, and made to give way before that: it does not wait yet */
static noinline int state_given_way(void)
{
	unsigned long end = jiffies + HZ / 10;

	set_current_state(TASK_INTERRUPTIBLE);
	while (!need_resched() && time_before(jiffies, end))
		cpu_relax();
	cond_resched();
	__set_current_state(TASK_RUNNING);
	return -EBUSY;
}

static struct timer_list no_function;

static noinline int timer_none(void)
{
	timer_setup(&no_function, NULL, 0);
	mod_timer(&no_function, jiffies + 10);
	return -EINVAL;
}

static struct work_struct no_work;

static noinline int work_none(void)
{
	flush_work(&no_work);
	return -EINVAL;
}

static noinline int cache_left(void)
{
	struct kmem_cache *c = kmem_cache_create("broken_data", 100, 0, 0,
						 NULL);

	if (c && kmem_cache_alloc(c, GFP_KERNEL))
		kmem_cache_destroy(c);
	return -EINVAL;
}

static noinline int cache_empty(void)
{
	return kmem_cache_create("broken_data", 0, 0, 0, NULL) ? 0 : -ENOMEM;
}

static noinline int too_much(void)
{
	void *p = kmalloc(1UL << 40, GFP_KERNEL);

	return p ? 0 : -ENOMEM;
}

static noinline int idr_missing(void)
{
	static DEFINE_IDA(ida);

	ida_free(&ida, 77);
	return -ENOENT;
}

WAYS(broken_data, { "state-given-way", state_given_way },
     { "list-twice", list_twice }, { "list-deleted", list_deleted },
     { "list-broken", list_broken }, { "list-never", list_never },
     { "count-zero", count_zero }, { "count-under", count_under },
     { "count-over", count_over }, { "timer-none", timer_none },
     { "work-none", work_none }, { "cache-left", cache_left },
     { "cache-empty", cache_empty }, { "too-much", too_much },
     { "idr-missing", idr_missing });
