// SPDX-License-Identifier: GPL-2.0-only
// The kernel's kmalloc, and what all of its allocators have in common.
#include <string.h>

#include "host/checks/checks.h"
#include "host/kernel-calls.h"
#include "host/memory/memory.h"

static uint32_t sequence;

uint32_t memory_sequence(void)
{
	return sequence;
}

bool memory_traces(void)
{
	return guard_memory_is_on() || fail_alloc_is_on();
}

const char *block_kind(const struct block *b)
{
	switch (b->kind) {
	case MEMORY_CACHE: return cache_name(b->cache);
	case MEMORY_CACHE_ITSELF: return "kmem_cache";
	case MEMORY_VMALLOC: return "vmalloc";
	case MEMORY_PAGES: return "pages";
	case MEMORY_IO: return "ioremap";
	case MEMORY_PERCPU: return "percpu";
	default: return "kmalloc";
	}
}

int memory_init(void)
{
	if (arena_init() < 0 || site_init() < 0)
		return -1;
	return 0;
}

static void describe_block(struct block *b, const struct request *r,
			   uint32_t site)
{
	b->size = (uint32_t)r->size;
	b->site = site;
	b->freed = 0;
	b->sequence = ++sequence;
	b->cache = r->cache;
	b->kind = (uint8_t)r->kind;
}

/* Pages that the kernel asks for in a module's name are of its own use. */
static bool is_guarded(const struct request *r, const struct site *s)
{
	return guard_memory_is_on() && s->module &&
	       (r->kind != MEMORY_PAGES || !s->owner);
}

void *memory_take(const struct request *r)
{
	uint32_t number = r->kind == MEMORY_HOST ? 0 : site_of(r->caller);
	struct site *s = site_at(number);
	struct block *b = NULL;
	void *p;

	checks_allocation(r->kind == MEMORY_VMALLOC ? GFP_DIRECT_RECLAIM :
						      r->gfp);
	if (number && fail_alloc_now(r, number))
		return NULL;
	if (is_guarded(r, s))
		b = guard_memory_get(r, &p);
	if (!b) {
		b = arena_get(r->size, r->align, s->module != 0, &p);
		if (!b)
			return NULL;
		if (arena_room((uint64_t)p) >= 4096 && r->kind < MEMORY_VMALLOC)
			pages_mark_slab(p);
	}
	describe_block(b, r, number);
	s->live++;
	return p;
}

struct block *memory_find(uint64_t p, uint64_t *ret_start)
{
	struct block *b = guard_memory_find(p, ret_start);

	return b ? b : arena_find(p, ret_start);
}

void memory_each_live(block_visit *visit, void *ctx)
{
	arena_each_live(visit, ctx);
	guard_memory_each_live(visit, ctx);
}

static bool is_of_guard(uint64_t start)
{
	return start >= GUARD_BASE && start < GUARD_BASE + GUARD_SIZE;
}

/* What is freed is not (any more) there to be freed. */
static bool refuse(const void *p, const struct block *b, uint64_t start,
		   struct caller caller)
{
	struct site now = *site_at(site_of(caller));
	const struct site *made = site_at(b->site), *freed = site_at(b->freed);
	char where[200], by[200], before[200];
	const char *module = site_module(now.module ? &now : made);
	struct finding *f;

	if (b->state == BLOCK_LIVE)
		f = finding_new(FINDING_DOUBLE_FREE, module,
				"invalid free of address %lu in an object of "
				"%u bytes, allocated at %s, by %s",
				(uint64_t)p - start, b->size,
				site_words(made, where, sizeof(where)),
				site_words(&now, by, sizeof(by)));
	else
		f = finding_new(FINDING_DOUBLE_FREE, module,
				"double free of an object of %u bytes, "
				"allocated at %s, freed at %s, again at %s",
				b->size, site_words(made, where, sizeof(where)),
				site_words(freed, before, sizeof(before)),
				site_words(&now, by, sizeof(by)));
	for (unsigned int i = 0; i < now.count; i++)
		finding_frame(f, now.frames[i], FRAME_RELIABLE);
	return false;
}

bool memory_give(void *p, enum memory_kind kind, struct caller caller)
{
	uint64_t start;
	struct block *b = memory_find((uint64_t)p, &start);

	if (!b)
		return false; /* of the boot, or nothing: as NULL */
	if (b->state != BLOCK_LIVE || start != (uint64_t)p)
		return refuse(p, b, start, caller);
	if (kind != MEMORY_HOST)
		b->freed = site_of(caller);
	site_at(b->site)->live--;
	if (b->kind == MEMORY_CACHE)
		cache_object_freed(b->cache);
	if (is_of_guard(start))
		guard_memory_put(b);
	else
		arena_put(p, b);
	return true;
}

void *memory_get(uint64_t size)
{
	return memory_take(&(struct request){ .size = size });
}

void memory_put(void *p)
{
	memory_give(p, MEMORY_HOST, (struct caller){ 0 });
}

uint64_t memory_size_of(const void *p)
{
	uint64_t start;
	struct block *b = memory_find((uint64_t)p, &start);

	if (!b || b->state != BLOCK_LIVE)
		return 0;
	return is_of_guard(start) ? b->size : arena_room(start);
}

/* kmalloc; of a number of bytes that is a power of two, aligned to it */
static void *kmalloc(uint64_t size, uint32_t gfp, struct caller caller)
{
	if (!size)
		return ZERO_SIZE;
	return memory_take(&(struct request){
		.size = size,
		.align = size & (size - 1) ? 8 : MIN_OF(size, 4096UL),
		.gfp = gfp,
		.kind = MEMORY_KMALLOC,
		.caller = caller });
}

KERNEL_ENTRY void *kernel_kmalloc(uint64_t size, uint32_t gfp)
{
	return kmalloc(size, gfp, CALLER());
}

/* Since v6.11, where CONFIG_SLAB_BUCKETS is set, there is one more argument. */
KERNEL_ENTRY void *kernel_kmalloc_buckets(uint64_t size, uint64_t buckets,
					  uint64_t gfp)
{
	static int has_buckets = -1;

	if (has_buckets < 0)
		has_buckets = sym("kmem_buckets_cache") != 0;
	return kmalloc(size, (uint32_t)(has_buckets ? gfp : buckets), CALLER());
}

KERNEL_ENTRY void *kernel_kmalloc_trace(void *cache, uint32_t gfp,
					uint64_t size)
{
	return kmalloc(size, gfp, CALLER());
}

KERNEL_ENTRY void *kernel_kmalloc_node_trace(void *cache, uint32_t gfp,
					     int node, uint64_t size)
{
	return kmalloc(size, gfp, CALLER());
}

KERNEL_ENTRY void kernel_kfree(void *p)
{
	memory_give(p, MEMORY_KMALLOC, CALLER());
}

KERNEL_ENTRY uint64_t kernel_ksize(void *p)
{
	return memory_size_of(p);
}

KERNEL_ENTRY uint64_t kernel_size_roundup(uint64_t size)
{
	return size ? arena_round(size) : 0;
}

KERNEL_ENTRY void *kernel_krealloc(void *old, uint64_t size, uint32_t gfp)
{
	uint64_t had = memory_size_of(old), start;
	struct caller caller = CALLER();
	void *p;

	if (!size) {
		memory_give(old, MEMORY_KMALLOC, caller);
		return ZERO_SIZE;
	}
	if (size <= had && !is_of_guard((uint64_t)old)) {
		memory_find((uint64_t)old, &start)->size = (uint32_t)size;
		return old;
	}
	p = kmalloc(size, gfp, caller);
	if (p && had) {
		memcpy(p, old, MIN_OF(had, size));
		memory_give(old, MEMORY_KMALLOC, caller);
	}
	return p;
}

/*
 * kfree_rcu(p, member): up to v6.3 the second argument is the member's offset
 * (less than 4096), then @p; without a member (@head NULL) it is @p always.
 */
struct delayed {
	struct callback *next;
	void (*fn)(struct callback *);
	void *p;
	struct caller caller;
};

static void free_delayed(struct callback *c)
{
	struct delayed *d = (struct delayed *)c;

	memory_give(d->p, MEMORY_KMALLOC, d->caller);
	memory_put(d);
}

KERNEL_ENTRY void kernel_kvfree_call_rcu(char *head, uint64_t arg)
{
	struct delayed *d = memory_get(sizeof(*d));

	if (!d)
		return;
	d->p = head && arg < 4096 ? head - arg : (void *)arg;
	d->caller = CALLER();
	kernel_call_rcu((struct callback *)d, free_delayed);
}

/* What the kernel's kmalloc() has room for (mm/slab_common.c); 0: whole pages
 */
static uint64_t kmalloc_room(uint64_t size, char *name, size_t len)
{
	uint64_t room = 8;

	while (room < size)
		room *= 2;
	if (size > 64 && size <= 192)
		room = size <= 96 ? 96 : size <= 128 ? 128 : 192;
	if (room >= 1024)
		snprintf(name, len, "kmalloc-%luk", room / 1024);
	else
		snprintf(name, len, "kmalloc-%lu", room);
	return room > 8192 ? 0 : room;
}

/* Of an object's copy to or from a program: that it is no more than it */
KERNEL_ENTRY void kernel_check_heap_object(const void *p, uint64_t n,
					   const void *slab, bool to_user)
{
	void (*stop)(const char *, const char *, bool, uint64_t,
		     uint64_t) = symp("usercopy_abort");
	uint64_t start, room, offset;
	const struct block *b = memory_find((uint64_t)p, &start);
	char kmalloc[32];

	if (!b || b->state != BLOCK_LIVE || !stop)
		return;
	offset = (uint64_t)p - start;
	if (b->kind == MEMORY_CACHE) {
		if (!cache_may_copy(b->cache, offset, n))
			stop("SLUB object", cache_name(b->cache), to_user,
			     offset, n);
	} else if (b->kind == MEMORY_KMALLOC) {
		room = kmalloc_room(b->size, kmalloc, sizeof(kmalloc));
		if (room && (offset > room || n > room - offset))
			stop("SLUB object", kmalloc, to_user, offset, n);
	}
}
