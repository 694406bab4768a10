// SPDX-License-Identifier: GPL-2.0-only
// What a module has allocated, not freed, and nobody can find any more.
#include <stdlib.h>
#include <string.h>

#include "kernel-calls.h"
#include "memory.h"

#define GONE_MAX 64 /* modules that go in one call */
#define OBJECTS_MAX 65536
#define SETTLE_TICKS 250 /* a second of the kernel's time */

struct object {
	uint64_t start, end;
	const struct block *block;
	bool found, scanned;
};

static struct {
	uint16_t gone[GONE_MAX];
	size_t gone_count;
	struct object *objects;
	size_t count;
	uint64_t low, high;
} l;

/* Of ftrace_module_init(): its code is there, nothing of it has run. */
KERNEL_ENTRY void kernel_module_coming(void *module)
{
	fail_alloc_coming(module);
}

/*
 * Takes the place of ftrace_free_mem(), which the kernel calls when init has
 * returned: the names of its functions are about to go.
 */
KERNEL_ENTRY void kernel_module_started(void *module, uint64_t start,
					uint64_t end)
{
	uint16_t n = site_module_number(module);

	fail_alloc_end(module);
	if (!n)
		return;
	site_keep_words(n, start, end);
	site_forget(n, start, end);
}

/* Of ftrace_release_mod(): exit has returned, or init has failed. */
KERNEL_ENTRY void kernel_module_going(void *module)
{
	uint16_t n = site_module_number(module);

	fail_alloc_end(module);
	if (!n)
		return;
	site_keep_words(n, 0, UINT32_MAX);
	site_module_gone(n);
	if (l.gone_count < GONE_MAX)
		l.gone[l.gone_count++] = n;
}

static bool is_gone(uint16_t module)
{
	for (size_t i = 0; i < l.gone_count; i++)
		if (l.gone[i] == module)
			return true;
	return false;
}

static bool anything_left(void)
{
	for (size_t i = 0; i < l.gone_count; i++)
		if (site_live(l.gone[i]))
			return true;
	return false;
}

static void settle_once(void)
{
	void (*task_work)(void) = symp("task_work_run");

	if (task_work)
		task_work();
	rcu_run();
	kernel_do_softirq();
	kernel_schedule();
}

/* Work that was put off is done: RCU, workqueues, timers that are near. */
static void settle(void)
{
	for (int i = 0; i < 8; i++)
		settle_once();
	for (int i = 0; i < SETTLE_TICKS && anything_left(); i++) {
		time_tick();
		settle_once();
	}
}

static void collect(struct block *b, uint64_t start, void *unused)
{
	const struct site *s = site_at(b->site);
	struct object *o;

	if (!s->module || !is_gone(s->module) || l.count == OBJECTS_MAX)
		return;
	o = &l.objects[l.count++];
	*o = (struct object){ start, start + b->size, b, false, false };
	l.low = MIN_OF(l.low, o->start);
	l.high = MAX_OF(l.high, o->end);
}

static void collect_percpu(struct block *b, uint64_t start, void *unused)
{
	collect(b, PERCPU_BASE + start, NULL);
}

static int by_address(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void mark(uint64_t address)
{
	size_t low = 0, high = l.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l.objects[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && address < l.objects[low - 1].end)
		l.objects[low - 1].found = true;
}

/*
 * Each word may be an address, of an object or of its struct page; of percpu
 * memory it is an offset.
 */
static void scan(uint64_t from, uint64_t to)
{
	const uint64_t first_page = (uint64_t)pages_of((void *)l.low);
	const uint64_t last_page = (uint64_t)pages_of((void *)l.high);

	for (uint64_t p = (from + 7) & ~7UL; p + 8 <= to; p += 8) {
		uint64_t v = *(const uint64_t *)p;

		if (v >= l.low && v < l.high)
			mark(v);
		else if (v < PERCPU_SIZE)
			mark(v + PERCPU_BASE);
		else if (v >= first_page && v <= last_page)
			mark((v - PAGES_BASE) / host.off.page_size << 12);
	}
}

static void scan_block(struct block *b, uint64_t start, void *unused)
{
	const struct site *s = site_at(b->site);

	if (!s->module || !is_gone(s->module))
		scan(start, start + b->size);
}

static void scan_percpu(struct block *b, uint64_t start, void *unused)
{
	scan_block(b, PERCPU_BASE + start, NULL);
}

static void scan_roots(void)
{
	static const char *const ranges[][2] = {
		{ "_sdata", "_edata" },
		{ "__bss_start", "__bss_stop" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		scan(sym(ranges[i][0]), sym(ranges[i][1]));
	scan(PERCPU_BASE, PERCPU_BASE + host.percpu_size);
	percpu_each_live(scan_percpu, NULL);
	arena_each_boot(scan);
	memory_each_live(scan_block, NULL);
	modules_each(scan);
}

/* What is found from an object that was found is found. */
static void scan_found(void)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < l.count; i++) {
			struct object *o = &l.objects[i];

			if (!o->found || o->scanned)
				continue;
			o->scanned = again = true;
			scan(o->start, o->end);
		}
	}
}

/* One finding for all that one place has left. */
static void report(size_t first)
{
	const struct block *b = l.objects[first].block;
	const struct site *s = site_at(b->site);
	uint64_t bytes = 0;
	size_t count = 0;
	char where[256];
	struct finding *f;

	for (size_t i = first; i < l.count; i++) {
		struct object *o = &l.objects[i];

		if (o->found || o->block->site != b->site ||
		    o->block->cache != b->cache)
			continue;
		bytes += o->block->size;
		count++;
		o->found = true; /* reported */
	}
	if (b->kind == MEMORY_CACHE_ITSELF)
		f = finding_new(FINDING_LEAK, site_module(s),
				"slab cache %s not destroyed, created by %s",
				cache_name(b->cache),
				site_words(s, where, sizeof(where)));
	else
		f = finding_new(
			FINDING_LEAK, site_module(s),
			"%zu object%s of %s not freed, %lu bytes, allocated "
			"by %s",
			count, count == 1 ? "" : "s", block_kind(b), bytes,
			site_words(s, where, sizeof(where)));
	site_add_frames(s, f);
}

static void look_for(void)
{
	l.low = UINT64_MAX;
	l.high = 0;
	l.count = 0;
	memory_each_live(collect, NULL);
	percpu_each_live(collect_percpu, NULL);
	if (!l.count)
		return;
	qsort(l.objects, l.count, sizeof(*l.objects), by_address);
	scan_roots();
	scan_found();
	for (size_t i = 0; i < l.count; i++)
		if (!l.objects[i].found)
			report(i);
}

void leaks_report(void)
{
	if (!l.gone_count)
		return;
	settle();
	if (anything_left()) {
		l.objects = calloc(OBJECTS_MAX, sizeof(*l.objects));
		if (l.objects)
			look_for();
		free(l.objects);
		l.objects = NULL;
	}
	l.gone_count = 0;
}

static struct {
	uint16_t cache;
	uint32_t count;
	const struct site *first;
} left;

static void count_left(struct block *b, uint64_t start, void *unused)
{
	if (b->kind != MEMORY_CACHE || b->cache != left.cache)
		return;
	if (!left.count++)
		left.first = site_at(b->site);
}

/* kmem_cache_destroy() of a cache whose objects are not all back */
void leaks_of_cache(uint16_t cache, const char *name, struct caller caller)
{
	const struct site *now = site_at(site_of(caller));
	char where[256];
	struct finding *f;

	left.cache = cache;
	left.count = 0;
	memory_each_live(count_left, NULL);
	if (!left.count || !now->module)
		return;
	f = finding_new(FINDING_LEAK, site_module(now),
			"%u object%s left in slab cache %s when it was "
			"destroyed, the first allocated by %s",
			left.count, left.count == 1 ? "" : "s", name,
			site_words(left.first, where, sizeof(where)));
	site_add_frames(left.first, f);
}
