// SPDX-License-Identifier: GPL-2.0-only
// Allocates of each kind, uses all of it to the last byte, gives all back.
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define PAGES 4

static struct kmem_cache *cache;
static void *object, *plain, *grown, *big;
static int __percpu *counter;
static struct page *pages[PAGES], *block;
static char *mapped;

/* Pages that are not neighbours, seen as one range. */
static int try_vmap(void)
{
	int i;

	for (i = PAGES - 1; i >= 0; i--) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i])
			return -ENOMEM;
		*(int *)page_address(pages[i]) = i;
	}
	swap(pages[0], pages[2]);
	mapped = vmap(pages, PAGES, VM_MAP, PAGE_KERNEL);
	if (!mapped)
		return -EIO;
	for (i = 0; i < PAGES; i++) {
		if (*(int *)(mapped + i * PAGE_SIZE) !=
		    *(int *)page_address(pages[i]))
			return -EINVAL;
		*(int *)(mapped + i * PAGE_SIZE) = 100 + i;
		if (*(int *)page_address(pages[i]) != 100 + i)
			return -ERANGE;
	}
	return 0;
}

static int __init clean_init(void)
{
	cache = kmem_cache_create("clean_cache", 40, 0, 0, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	plain = kmalloc(33, GFP_KERNEL);
	grown = krealloc(kzalloc(7, GFP_KERNEL), 70, GFP_KERNEL);
	big = kvmalloc(100000, GFP_KERNEL);
	counter = alloc_percpu(int);
	block = alloc_pages(GFP_KERNEL, 2);
	if (!object || !plain || !grown || !big || !counter || !block)
		return -ENOMEM;
	memset(object, 1, 40);
	memset(plain, 2, 33);
	memset(grown, 3, 70);
	memset(big, 4, 100000);
	*this_cpu_ptr(counter) = 5;
	split_page(block, 2);
	return try_vmap();
}

static void __exit clean_exit(void)
{
	int i;

	vunmap(mapped);
	for (i = 0; i < PAGES; i++)
		__free_page(pages[i]);
	for (i = 3; i >= 0; i--)
		__free_page(block + i);
	free_percpu(counter);
	kvfree(big);
	kfree(grown);
	kfree(plain);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

module_init(clean_init);
module_exit(clean_exit);
MODULE_DESCRIPTION("allocates and gives back");
MODULE_LICENSE("GPL");
