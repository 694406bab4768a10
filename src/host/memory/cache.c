// SPDX-License-Identifier: GPL-2.0-only
// The kernel's slab caches.
#include <stdlib.h>
#include <string.h>

#include "host/kernel-calls.h"
#include "host/memory/memory.h"

#define CACHES_MAX 65535
/* include/linux/slab.h, up to v6.9; since then the bits have names */
#define SLAB_TYPESAFE_BY_RCU 0x80000u
#define SLAB_PANIC 0x40000u

/* What stands in the kernel's struct kmem_cache is for its own code to read. */
struct cache {
	void *kernel; /* NULL: destroyed */
	char *name;
	uint32_t size, align, flags;
	uint32_t user_from, user_size; /* the part that may be copied */
	void (*ctor)(void *);
	uint32_t live;
	uint32_t site;
};

static struct {
	struct cache *list;
	size_t count, room;
} k = { .count = 1 };

static bool has_flag(uint32_t flags, const char *bit_name, uint32_t before)
{
	int64_t bit;

	if (lkm_vmlinux_enumerator(host.image, bit_name, &bit, NULL) > 0)
		return flags & 1u << bit;
	return flags & before;
}

static struct cache *new_cache(void)
{
	size_t room = k.room ? k.room * 2 : 512;
	void *p;

	if (k.count == k.room || !k.room) {
		p = k.count < CACHES_MAX ?
			    realloc(k.list, room * sizeof(*k.list)) :
			    NULL;
		if (!p)
			return NULL;
		k.list = p;
		k.room = room;
	}
	return &k.list[k.count++];
}

/* The number of a cache is kept behind the kernel's structure. */
static uint32_t *number_of(void *cache)
{
	return at(cache, (host.off.cache_struct_size + 7) & ~7u);
}

const char *cache_name(uint16_t number)
{
	return number < k.count ? k.list[number].name : "?";
}

static struct cache *cache_at(void *cache)
{
	uint64_t start;
	uint32_t n;

	if (memory_find((uint64_t)cache, &start) && start == (uint64_t)cache) {
		n = *number_of(cache);
		if (n && n < k.count && k.list[n].kernel == cache)
			return &k.list[n];
	}
	host_stop("use of a bad kmem_cache %p", cache);
}

static void *create(const struct cache *wanted, struct caller caller)
{
	uint64_t (*reciprocal)(uint32_t) = symp("reciprocal_value");
	uint64_t size = host.off.cache_struct_size + 16;
	uint32_t gfp = 0;
	struct cache *c;
	void *p;

	/* as calculate_sizes() does it: the end of who wants objects of 0 bytes
	 */
	if (!wanted->size && reciprocal)
		reciprocal(0);
	if (has_flag(wanted->flags, "_SLAB_PANIC", SLAB_PANIC))
		gfp = fail_alloc_never();
	p = memory_take(&(struct request){ .size = size,
					   .gfp = gfp,
					   .kind = MEMORY_CACHE_ITSELF,
					   .cache = (uint16_t)k.count,
					   .caller = caller });
	c = p ? new_cache() : NULL;
	if (!c)
		return NULL;
	*c = *wanted;
	c->kernel = p;
	c->name = strdup(wanted->name ? wanted->name : "?");
	c->align = MAX_OF(c->align, 8U);
	*number_of(p) = (uint32_t)(c - k.list);
	*(uint32_t *)at(p, host.off.cache_size) = c->size;
	*(uint32_t *)at(p, host.off.cache_full_size) = c->size;
	*(uint32_t *)at(p, host.off.cache_align) = c->align;
	*(uint32_t *)at(p, host.off.cache_flags) = c->flags;
	*(const char **)at(p, host.off.cache_name) = c->name;
	*(void **)at(p, host.off.cache_ctor) = c->ctor;
	return p;
}

KERNEL_ENTRY void *kernel_cache_create(char *name, uint32_t size,
				       uint32_t align, uint32_t flags,
				       void (*ctor)(void *))
{
	return create(&(struct cache){ .name = name,
				       .size = size,
				       .align = align,
				       .flags = flags,
				       .ctor = ctor },
		      CALLER());
}

/* Then come the number of bytes and the constructor, the seventh argument. */
KERNEL_ENTRY void *kernel_cache_create_usercopy(char *name, uint32_t size,
						uint32_t align, uint32_t flags,
						uint32_t from, ...)
{
	struct cache c = { .name = name,
			   .size = size,
			   .align = align,
			   .flags = flags,
			   .user_from = from };
	va_list rest;

	va_start(rest, from);
	c.user_size = va_arg(rest, uint32_t);
	c.ctor = va_arg(rest, void *);
	va_end(rest);
	return create(&c, CALLER());
}

/* Since v6.12, mm/slab_common.c */
KERNEL_ENTRY void *kernel_cache_create_args(char *name, uint32_t size,
					    void *args, uint32_t flags)
{
	struct cache c = { .name = name, .size = size, .flags = flags };

	if (args && host.off.cache_args_user_size != NO_OFFSET) {
		c.align = *(uint32_t *)at(args, host.off.cache_args_align);
		c.ctor = *(void **)at(args, host.off.cache_args_ctor);
		c.user_from = *(uint32_t *)at(args,
					      host.off.cache_args_user_from);
		c.user_size = *(uint32_t *)at(args,
					      host.off.cache_args_user_size);
	}
	return create(&c, CALLER());
}

static void *cache_alloc(void *cache, uint32_t gfp, struct caller caller)
{
	struct cache *c = cache_at(cache);
	void *p = memory_take(
		&(struct request){ .size = c->size,
				   .align = c->align,
				   .gfp = gfp,
				   .kind = MEMORY_CACHE,
				   .cache = (uint16_t)(c - k.list),
				   .caller = caller });

	if (!p)
		return NULL;
	c->live++;
	if (c->ctor)
		c->ctor(p);
	return p;
}

bool cache_may_copy(uint16_t number, uint64_t offset, uint64_t n)
{
	const struct cache *c = &k.list[number];

	return number >= k.count || (offset >= c->user_from &&
				     offset - c->user_from <= c->user_size &&
				     n <= c->user_from - offset + c->user_size);
}

bool cache_is_gone(uint16_t number)
{
	return number < k.count && !k.list[number].kernel;
}

/* kfree() of a cache's object is right, too. */
void cache_object_freed(uint16_t number)
{
	if (number && number < k.count && k.list[number].live)
		k.list[number].live--;
}

KERNEL_ENTRY void *kernel_cache_alloc(void *cache, uint32_t gfp)
{
	return cache_alloc(cache, gfp, CALLER());
}

KERNEL_ENTRY void *kernel_cache_alloc_lru(void *cache, void *lru, uint32_t gfp)
{
	return cache_alloc(cache, gfp, CALLER());
}

KERNEL_ENTRY void kernel_cache_free(void *cache, void *p)
{
	memory_give(p, MEMORY_CACHE, CALLER());
}

KERNEL_ENTRY void kernel_cache_free_bulk(void *cache, uint64_t n, void **p)
{
	struct caller caller = CALLER();

	for (uint64_t i = 0; i < n; i++)
		memory_give(p[i], MEMORY_CACHE, caller);
}

/* All or none */
KERNEL_ENTRY int kernel_cache_alloc_bulk(void *cache, uint32_t gfp, uint64_t n,
					 void **ret)
{
	struct caller caller = CALLER();

	for (uint64_t i = 0; i < n; i++) {
		ret[i] = cache_alloc(cache, gfp, caller);
		if (ret[i])
			continue;
		while (i--)
			memory_give(ret[i], MEMORY_CACHE, caller);
		return 0;
	}
	return (int)n;
}

/* mm/slab_common.c, kmem_cache_destroy(): its WARN, in its words */
static void warn_left(const struct cache *c, uint64_t caller)
{
	kprint("\0014------------[ cut here ]------------");
	kprint("\0014kmem_cache_destroy %s: Slab cache still has objects when "
	       "called from %pS",
	       c->name, (void *)caller);
	host.stats.warnings++;
}

KERNEL_ENTRY void kernel_cache_destroy(void *cache)
{
	struct caller caller = CALLER();
	struct cache *c;

	if (!cache)
		return;
	c = cache_at(cache);
	if (host.version >= 6012 ||
	    has_flag(c->flags, "_SLAB_TYPESAFE_BY_RCU", SLAB_TYPESAFE_BY_RCU))
		kernel_synchronize_rcu(); /* v6.12: kvfree_rcu_barrier() */
	if (c->live) {
		warn_left(c, caller.ip);
		leaks_of_cache((uint16_t)(c - k.list), c->name);
	}
	c->kernel = NULL;
	memory_give(cache, MEMORY_KMALLOC, caller);
}
