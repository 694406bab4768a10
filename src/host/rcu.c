// SPDX-License-Identifier: GPL-2.0-only
// RCU where no reader can be in the middle of anything when another runs.
#include "host.h"
#include "kernel-calls.h"

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
	while (q.first) {
		struct callback *c = q.first;

		q.first = c->next;
		if (!q.first)
			q.last = &q.first;
		c->fn(c);
	}
	q.running = false;
}

/* A callback did not come back. */
void rcu_recover(void)
{
	q.running = false;
}

KERNEL_ENTRY void kernel_synchronize_rcu(void)
{
	rcu_run();
}
