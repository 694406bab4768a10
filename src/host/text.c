// SPDX-License-Identifier: GPL-2.0-only
// Changing code, and calling other processors: there is one, and all may write.
#include <string.h>

#include "host.h"
#include "kernel-calls.h"

KERNEL_ENTRY void *kernel_text_poke(void *to, const void *from, uint64_t n)
{
	return memcpy(to, from, n);
}

KERNEL_ENTRY void *kernel_text_poke_by(void (*copy)(void *, const void *,
						    uint64_t),
				       void *to, const void *from, uint64_t n)
{
	copy(to, from, n);
	return to;
}

KERNEL_ENTRY void *kernel_text_set(void *to, int c, uint64_t n)
{
	return memset(to, c, n);
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

	if (!*host.percpu.softirq_pending)
		return;
	if (!run)
		run = symp("__do_softirq");
	run();
}
