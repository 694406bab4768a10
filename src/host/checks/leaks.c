// SPDX-License-Identifier: GPL-2.0-only
// What a module has allocated, not freed, and nobody can find any more.
#include <stdlib.h>
#include <string.h>

#include "host/checks/checks.h"
#include "host/debug/debug.h"
#include "host/kernel-calls.h"
#include "host/memory/memory.h"

#define GONE_MAX 64 /* modules that go in one call */
#define OBJECTS_MAX 65536
#define SETTLE_TICKS 250 /* a second of the kernel's time */

/*
 * Who calls single_open() last, and so by a jump, is not in the call chain of
 * what that allocates; but that knows a function of the module.
 */
#define HOLDERS_MAX 64

struct holder {
	const struct block *block;
	uint64_t start;
	uint32_t sequence;
	uint16_t module;
	struct finding_frame what; /* of the module is known there */
};

struct object {
	uint64_t start, end;
	const struct block *block;
	const struct holder *holder; /* NULL: the module's own */
	bool found, scanned;
};

static struct {
	uint16_t gone[GONE_MAX];
	size_t gone_count;
	struct holder holders[HOLDERS_MAX];
	size_t holder_count;
	struct {
		void *module;
		uint32_t sequence;
	} born[GONE_MAX]; /* the latest that have come */
	size_t born_count;
	struct object *objects;
	size_t count;
	uint64_t low, high;
} l;

/*
 * Takes the place of ftrace_module_enable(), which traces it if somebody traces
 * functions: its code is there, nothing of it has run.
 */
KERNEL_ENTRY void kernel_module_coming(void *module)
{
	size_t n = l.born_count++ % GONE_MAX;

	l.born[n].module = module;
	l.born[n].sequence = memory_sequence();
	site_module_add(module);
	fail_alloc_coming(module);
	debug_module_coming(module);
}

/* What was allocated before the module came does not know of it. */
static uint32_t born(const void *module)
{
	for (size_t i = 0; i < GONE_MAX; i++)
		if (l.born[i].module == module)
			return l.born[i].sequence;
	return UINT32_MAX;
}

static struct {
	void *module;
	uint32_t born;
	uint16_t number;
	void *(*module_at)(uint64_t address);
} going;

static void find_holder(struct block *b, uint64_t start, void *unused)
{
	static struct finding scratch;
	struct holder *h = &l.holders[l.holder_count];

	if (b->sequence <= going.born || l.holder_count == HOLDERS_MAX ||
	    site_at(b->site)->module || b->kind != MEMORY_KMALLOC)
		return;
	for (uint64_t p = start; p + 8 <= start + b->size; p += 8) {
		uint64_t v = *(const uint64_t *)p;

		if (!is_module_area(v) || going.module_at(v) != going.module)
			continue;
		scratch.frame_count = 0;
		finding_frame(&scratch, v, FRAME_EXACT);
		*h = (struct holder){ b, start, b->sequence, going.number,
				      scratch.frames[0] };
		l.holder_count++;
		return;
	}
}

static void find_holders(void *module, uint16_t number)
{
	going.module = module;
	going.number = number;
	going.born = born(module);
	going.module_at = symp("__module_address");
	if (going.module_at)
		arena_each_live(find_holder, NULL);
}

/* Of the functions whose names the kernel keeps for ftrace */
static void go_on(const char *name, void *module, uint64_t start, uint64_t end)
{
	void (*rest)(void *, uint64_t, uint64_t) = replaced(name);

	if (rest)
		rest(module, start, end);
}

/* Of ftrace_free_mem(): init has returned, its functions' names will go. */
KERNEL_ENTRY void kernel_module_started(void *module, uint64_t start,
					uint64_t end)
{
	uint16_t n = site_module_number(module);

	fail_alloc_end(module);
	go_on("ftrace_free_mem", module, start, end);
	if (!n)
		return;
	site_keep_words(n, start, end);
	site_forget(n, start, end);
}

/* Of ftrace_release_mod(): exit has returned, or init has failed. */
KERNEL_ENTRY void kernel_module_going(void *module)
{
	uint16_t n = site_module_number(module);

	debug_module_going(module);
	fail_alloc_end(module);
	go_on("ftrace_release_mod", module, 0, 0);
	if (!n)
		return;
	site_keep_words(n, 0, UINT32_MAX);
	find_holders(module, n);
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

	if (!s->module || !is_gone(s->module) || l.count == OBJECTS_MAX ||
	    (b->kind == MEMORY_CACHE && cache_is_gone(b->cache)))
		return;
	o = &l.objects[l.count++];
	*o = (struct object){ start, start + b->size, b, NULL, false, false };
	l.low = MIN_OF(l.low, o->start);
	l.high = MAX_OF(l.high, o->end);
}

static void collect_holders(void)
{
	for (size_t i = 0; i < l.holder_count && l.count < OBJECTS_MAX; i++) {
		const struct holder *h = &l.holders[i];
		uint64_t end = h->start + h->block->size;

		if (h->block->state != BLOCK_LIVE ||
		    h->block->sequence != h->sequence)
			continue;
		l.objects[l.count++] = (struct object){ h->start, end,
							h->block, h,
							false,	  false };
		l.low = MIN_OF(l.low, h->start);
		l.high = MAX_OF(l.high, end);
	}
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

static struct object *object_at(uint64_t address)
{
	size_t low = 0, high = l.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l.objects[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < l.objects[low - 1].end ? &l.objects[low - 1] :
							 NULL;
}

static void mark(uint64_t address)
{
	struct object *o = object_at(address);

	if (o)
		o->found = true;
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
	if (!object_at(start))
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

static void report_holder(const struct object *o)
{
	const struct holder *h = o->holder;
	const struct site *s = site_at(o->block->site);
	char where[256];
	struct finding *f;

	f = finding_new(FINDING_LEAK, h->what.module,
			"an object of %u bytes that points to %s not freed, "
			"allocated by %s",
			o->block->size, h->what.symbol,
			site_words(s, where, sizeof(where)));
	site_add_frames(s, f);
	if (f->frame_count < FINDING_FRAMES_MAX)
		f->frames[f->frame_count++] = h->what;
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

		if (o->found || o->holder || o->block->site != b->site ||
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
	collect_holders();
	if (!l.count)
		return;
	qsort(l.objects, l.count, sizeof(*l.objects), by_address);
	scan_roots();
	scan_found();
	for (size_t i = 0; i < l.count; i++) {
		if (!l.objects[i].found && l.objects[i].holder)
			report_holder(&l.objects[i]);
		else if (!l.objects[i].found)
			report(i);
	}
}

void leaks_report(void)
{
	if (!l.gone_count && !gone_is_noted())
		return;
	settle();
	gone_report();
	if (anything_left() || l.holder_count) {
		l.objects = calloc(OBJECTS_MAX, sizeof(*l.objects));
		if (l.objects)
			look_for();
		free(l.objects);
		l.objects = NULL;
	}
	l.gone_count = 0;
	l.holder_count = 0;
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
void leaks_of_cache(uint16_t cache, const char *name)
{
	char where[256];
	struct finding *f;

	left.cache = cache;
	left.count = 0;
	memory_each_live(count_left, NULL);
	if (!left.count)
		return;
	f = finding_new(FINDING_LEAK, site_module(left.first),
			"%u object%s left in slab cache %s when it was "
			"destroyed, the first allocated by %s",
			left.count, left.count == 1 ? "" : "s", name,
			site_words(left.first, where, sizeof(where)));
	site_add_frames(left.first, f);
}
