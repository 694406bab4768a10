// SPDX-License-Identifier: GPL-2.0-only
// Touches memory that is not (any more) its own, in init.
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static char *how = "";
module_param(how, charp, 0);

static volatile char sink;

static noinline void behind(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	p[24] = 1;
	kfree(p);
}

/* 21 bytes are aligned to 8: the pattern behind them is what shows it. */
static noinline void gap(void)
{
	char *p = kmalloc(21, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	p[22] = 1;
	kfree(p);
}

static noinline void before(void)
{
	char *p = kmalloc(4096, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	sink = p[-1];
	kfree(p);
}

static noinline void freed(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	sink = p[5];
}

static noinline void cache(void)
{
	struct kmem_cache *c = kmem_cache_create("wild_cache", 40, 0, 0, NULL);
	char *p = kmem_cache_alloc(c, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	memset(p, 0, 41);
	kmem_cache_free(c, p);
	kmem_cache_destroy(c);
}

static noinline void map(void)
{
	char *p = vmalloc(8192);

	OPTIMIZER_HIDE_VAR(p);
	p[8192] = 1;
	vfree(p);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "behind", behind }, { "gap", gap },	  { "before", before },
	{ "freed", freed },   { "cache", cache }, { "map", map },
};

static int __init wild_init(void)
{
	for (int i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(how, ways[i].name))
			ways[i].run();
	return 0;
}

static void __exit wild_exit(void)
{
}

module_init(wild_init);
module_exit(wild_exit);
MODULE_DESCRIPTION("touches what is not its own");
MODULE_LICENSE("GPL");
