// SPDX-License-Identifier: GPL-2.0-only
// RCU where no reader can be in the middle of anything when another runs.
#include "host/checks/checks.h"
#include "host/host.h"
#include "host/kernel-calls.h"

#define SOFTIRQ_OFFSET 0x100u /* include/linux/preempt.h: where they run */

/* struct callback_head, include/linux/types.h */
struct callback {
	struct callback *next;
	void (*fn)(struct callback *);
};

static struct {
	struct callback *first;
	struct callback **last;
	bool running;
} q = { .last = &q.first };

KERNEL_ENTRY void kernel_call_rcu(struct callback *c,
				  void (*fn)(struct callback *))
{
	c->fn = fn;
	c->next = NULL;
	*q.last = c;
	q.last = &c->next;
}

KERNEL_ENTRY void kernel_call_srcu(void *domain, struct callback *c,
				   void (*fn)(struct callback *))
{
	kernel_call_rcu(c, fn);
}

void rcu_run(void)
{
	if (q.running)
		return;
	q.running = true;
	*host.percpu.preempt_count += SOFTIRQ_OFFSET;
	while (q.first) {
		struct callback *c = q.first;

		q.first = c->next;
		if (!q.first)
			q.last = &q.first;
		c->fn(c);
	}
	*host.percpu.preempt_count -= SOFTIRQ_OFFSET;
	q.running = false;
}

/* A callback did not come back. */
void rcu_recover(void)
{
	q.running = false;
}

KERNEL_ENTRY void kernel_synchronize_rcu(void)
{
	checks_schedule(); /* the kernel's own always waits */
	rcu_run();
}
