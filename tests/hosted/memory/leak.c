// SPDX-License-Identifier: GPL-2.0-only
// Leaves allocations of several kinds behind, each in a function of its own.
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

struct item {
	struct list_head list;
	struct rcu_head rcu;
	char name[20];
};

static LIST_HEAD(items);
static struct work_struct work;
static void *later;

static noinline void leak_items(void)
{
	for (int i = 0; i < 3; i++) {
		struct item *it = kzalloc(sizeof(*it), GFP_KERNEL);

		if (it)
			list_add(&it->list, &items);
	}
}

static noinline void leak_string(void)
{
	char *s = kasprintf(GFP_KERNEL, "item %d of many", 4711);

	pr_info("leak: %s\n", s);
}

static noinline void leak_vmalloc(void)
{
	char *p = vmalloc(10000);

	if (p)
		p[0] = 1;
}

static noinline void leak_page(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	if (page)
		SetPageReserved(page);
}

static noinline void leak_percpu(void)
{
	u64 __percpu *p = alloc_percpu(u64);

	pr_info("leak: %d\n", p != NULL);
}

static noinline void leak_cache(void)
{
	struct kmem_cache *c = kmem_cache_create("leak_cache", 48, 0, 0, NULL);

	pr_info("leak: %d\n", c != NULL);
}

static void free_later(struct work_struct *unused)
{
	kfree(later);
}

/* Freed in the end, but not when exit returns: none of these is lost. */
static noinline void put_off(void)
{
	struct item *it = kzalloc(sizeof(*it), GFP_KERNEL);

	if (it)
		kfree_rcu(it, rcu);
	later = kmalloc(100, GFP_KERNEL);
	INIT_WORK(&work, free_later);
	schedule_work(&work);
	flush_work(&work);
}

static int __init leak_init(void)
{
	leak_items();
	leak_string();
	return 0;
}

static void __exit leak_exit(void)
{
	leak_vmalloc();
	leak_page();
	leak_percpu();
	leak_cache();
	put_off();
}

module_init(leak_init);
module_exit(leak_exit);
MODULE_DESCRIPTION("leaves memory behind");
MODULE_LICENSE("GPL");
