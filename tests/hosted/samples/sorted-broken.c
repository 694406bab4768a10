// SPDX-License-Identifier: GPL-2.0-only
// A broken list: an item is taken out twice.
/*
 *	$ insmod sorted-broken.ko
 */
#include <linux/list.h>
#include <linux/module.h>

struct item {
	struct list_head list;
	int value;
};

static LIST_HEAD(arrived);
static struct item items[3];

static noinline void item_remove(struct item *item)
{
	list_del(&item->list); /* BUG: list-corruption */
}

static int __init sorted_init(void)
{
	for (int i = 0; i < ARRAY_SIZE(items); i++) {
		items[i].value = i;
		list_add_tail(&items[i].list, &arrived);
	}
	item_remove(&items[1]);
	item_remove(&items[1]);
	return 0;
}

static void __exit sorted_exit(void)
{
}

module_init(sorted_init);
module_exit(sorted_exit);
MODULE_DESCRIPTION("Broken sample: list corruption");
MODULE_LICENSE("GPL");
