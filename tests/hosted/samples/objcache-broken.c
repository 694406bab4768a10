// SPDX-License-Identifier: GPL-2.0-only
// A leak: one path does not give its object back to the cache.
/*
 *	$ insmod objcache-broken.ko
 *	$ rmmod objcache-broken
 */
#include <linux/module.h>
#include <linux/slab.h>

struct object {
	int number;
	char name[20];
};

static struct kmem_cache *cache;

static noinline int object_check(int number)
{
	struct object *o = kmem_cache_alloc(cache, GFP_KERNEL); /* BUG: leak */

	if (!o)
		return -ENOMEM;
	o->number = number;
	if (o->number % 2)
		return 0; /* odd ones are forgotten */
	kmem_cache_free(cache, o);
	return 0;
}

static int __init objcache_init(void)
{
	int r = 0;

	cache = kmem_cache_create("sample_broken", sizeof(struct object), 0, 0,
				  NULL);
	if (!cache)
		return -ENOMEM;
	for (int i = 0; i < 4 && !r; i++)
		r = object_check(i);
	return r;
}

static void __exit objcache_exit(void)
{
	kmem_cache_destroy(cache);
}

module_init(objcache_init);
module_exit(objcache_exit);
MODULE_DESCRIPTION("Broken sample: leak from a slab cache");
MODULE_LICENSE("GPL");
