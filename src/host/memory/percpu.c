// SPDX-License-Identifier: GPL-2.0-only
// The kernel's percpu memory: one processor, so offsets into its one block.
#include <string.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

static struct space percpu;

void percpu_start(uint64_t used)
{
	percpu.begin = (used + 4095) & ~4095UL;
	percpu.end = PERCPU_SIZE;
}

static void *percpu_get(uint64_t size, uint64_t align, struct caller caller)
{
	const struct request r = { .size = size, .kind = MEMORY_PERCPU };
	uint32_t site = site_of(caller);
	struct piece *p;

	if (!size || fail_alloc_now(&r, site))
		return NULL;
	size = (size + 7) & ~7UL;
	p = space_get(&percpu, size, MAX_OF(align, 8UL));
	if (!p)
		return NULL;
	p->block.size = (uint32_t)size;
	p->block.site = site;
	p->block.kind = MEMORY_PERCPU;
	p->block.state = BLOCK_LIVE;
	site_at(site)->live++;
	memset((void *)(PERCPU_BASE + p->start), 0, size);
	return (void *)p->start;
}

KERNEL_ENTRY void *kernel_alloc_percpu(uint64_t size, uint64_t align)
{
	return percpu_get(size, align, CALLER());
}

KERNEL_ENTRY void kernel_free_percpu(void *start)
{
	struct piece *p = space_find(&percpu, (uint64_t)start);

	if (!p || p->start != (uint64_t)start)
		return;
	site_at(p->block.site)->live--;
	space_put(&percpu, p);
}

void percpu_each_live(block_visit *visit, void *ctx)
{
	for (size_t i = 0; i < percpu.count; i++)
		visit(&percpu.pieces[i].block, percpu.pieces[i].start, ctx);
}

/* A place of a percpu variable, not its offset */
KERNEL_ENTRY uint64_t kernel_percpu_to_phys(uint64_t address)
{
	return address;
}
