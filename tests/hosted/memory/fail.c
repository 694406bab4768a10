// SPDX-License-Identifier: GPL-2.0-only
// Seven allocations in init; what the fourth's failure should free is left, and
// the fifth's is not looked at.
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static char *plain, *copy, *big, *cached;
static struct kmem_cache *cache;
static int __percpu *counter;
static unsigned long page;

static void free_all(void)
{
	free_page(page);
	free_percpu(counter);
	vfree(big);
	if (cached)
		kmem_cache_free(cache, cached);
	kmem_cache_destroy(cache);
	kfree(copy);
	kfree(plain);
}

static noinline int allocate(void)
{
	plain = kmalloc(100, GFP_KERNEL);
	if (!plain)
		return -ENOMEM;
	copy = kstrdup("of many", GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	cache = kmem_cache_create("fail_cache", 100, 0, 0, NULL);
	if (!cache)
		return -ENOMEM;
	big = vmalloc(10000);
	if (!big) {
		copy = NULL;
		return -ENOMEM;
	}
	cached = kmem_cache_alloc(cache, GFP_KERNEL);
	cached[0] = 1;
	counter = alloc_percpu(int);
	if (!counter)
		return -ENOSPC;
	page = get_zeroed_page(GFP_KERNEL);
	return page ? 0 : -ENOBUFS;
}

static int __init fail_init(void)
{
	int r = allocate();

	if (r)
		free_all();
	return r;
}

static void __exit fail_exit(void)
{
	free_all();
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_DESCRIPTION("allocations that may fail");
MODULE_LICENSE("GPL");
