// SPDX-License-Identifier: GPL-2.0-only
// Frees wrongly: twice, inside of an object, and a cache that is not empty.
#include <linux/module.h>
#include <linux/slab.h>

static char *how = "twice";
module_param(how, charp, 0);

static struct kmem_cache *cache;
static void *kept;

static noinline void free_twice(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	kfree(p);
}

static noinline void free_inside(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	kfree(p + 8);
}

static noinline void leave_in_cache(void)
{
	cache = kmem_cache_create("twice_cache", 48, 0, 0, NULL);
	kept = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_destroy(cache);
}

static int __init twice_init(void)
{
	if (!strcmp(how, "twice"))
		free_twice();
	if (!strcmp(how, "inside"))
		free_inside();
	if (!strcmp(how, "cache"))
		leave_in_cache();
	return 0;
}

static void __exit twice_exit(void)
{
}

module_init(twice_init);
module_exit(twice_exit);
MODULE_DESCRIPTION("frees wrongly");
MODULE_LICENSE("GPL");
