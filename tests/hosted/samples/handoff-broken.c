// SPDX-License-Identifier: GPL-2.0-only
// A use after free: who gives up waiting frees what the worker still holds.
/*
 *	$ insmod handoff-broken.ko
 *	$ sleep 0.5
 *	$ rmmod handoff-broken
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct request {
	struct work_struct work;
	struct completion done;
};

static struct workqueue_struct *queue;
static unsigned int finished;

static void handoff_work(struct work_struct *work)
{
	struct request *q = container_of(work, struct request, work);

	msleep(200);
	complete(&q->done); /* BUG: use-after-free */
	finished++;
}

static int __init handoff_init(void)
{
	struct request *q;

	queue = alloc_workqueue("sample_handoff", 0, 0);
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!queue || !q) {
		kfree(q);
		return -ENOMEM;
	}
	init_completion(&q->done);
	INIT_WORK(&q->work, handoff_work);
	queue_work(queue, &q->work);
	wait_for_completion_timeout(&q->done, msecs_to_jiffies(50));
	kfree(q); /* although nothing was completed */
	return 0;
}

static void __exit handoff_exit(void)
{
	destroy_workqueue(queue);
}

module_init(handoff_init);
module_exit(handoff_exit);
MODULE_DESCRIPTION("Broken sample: use after free by a worker");
MODULE_LICENSE("GPL");
