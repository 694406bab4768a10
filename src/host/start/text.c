// SPDX-License-Identifier: GPL-2.0-only
// Changing code, and calling other processors: there is one.
#include <string.h>

#include "host/host.h"
#include "host/kernel-calls.h"
#include "host/memory/memory.h"

void text_write(void *to, const void *from, uint64_t n)
{
	rights_suspend(to, n, true);
	memcpy(to, from, n);
	rights_suspend(to, n, false);
}

KERNEL_ENTRY void *kernel_text_poke(void *to, const void *from, uint64_t n)
{
	text_write(to, from, n);
	return to;
}

KERNEL_ENTRY void *kernel_text_poke_by(void (*copy)(void *, const void *,
						    uint64_t),
				       void *to, const void *from, uint64_t n)
{
	rights_suspend(to, n, true);
	copy(to, from, n);
	rights_suspend(to, n, false);
	return to;
}

KERNEL_ENTRY void *kernel_text_set(void *to, int c, uint64_t n)
{
	rights_suspend(to, n, true);
	memset(to, c, n);
	rights_suspend(to, n, false);
	return to;
}

KERNEL_ENTRY int kernel_stop_machine(int (*fn)(void *), void *data)
{
	return fn(data);
}

KERNEL_ENTRY int kernel_call_single(int cpu, void (*fn)(void *), void *info)
{
	fn(info);
	return 0;
}

KERNEL_ENTRY void kernel_call_each(bool (*wanted)(int cpu, void *info),
				   void (*fn)(void *), void *info)
{
	if (!wanted || wanted(0, info))
		fn(info);
}

KERNEL_ENTRY void kernel_do_softirq(void)
{
	static void (*run)(void);
	uint64_t flags = cpu_flags;

	if (!*host.percpu.softirq_pending)
		return;
	if (!run)
		run = symp("__do_softirq");
	cpu_flags = CPU_FLAGS_OFF;
	run();
	cpu_flags = flags;
}

/* A list of struct irq_work by their first member, struct llist_node */
static void run_list(uint64_t *first, void (*run)(void *))
{
	uint64_t *next, *node = (uint64_t *)*first;

	*first = 0;
	for (; node; node = next) {
		next = (uint64_t *)*node;
		run(node);
	}
}

/*
 * Work for an interrupt that the processor is to send itself.  It comes when
 * the thread waits or time goes on: nothing here is in the middle of a lock.
 */
void irq_work_run(void)
{
	static void (*run)(void *);
	static uint64_t *raised, *lazy;
	uint64_t flags = cpu_flags;

	if (!run) {
		run = symp("irq_work_single");
		raised = (uint64_t *)(PERCPU_BASE + sym("raised_list"));
		lazy = (uint64_t *)(PERCPU_BASE + sym("lazy_list"));
	}
	if (!run || (!*raised && !*lazy))
		return;
	cpu_flags = CPU_FLAGS_OFF;
	run_list(raised, run);
	run_list(lazy, run);
	cpu_flags = flags;
}

KERNEL_ENTRY void kernel_irq_work_sync(void *work)
{
	irq_work_run();
}
