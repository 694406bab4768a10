// SPDX-License-Identifier: LGPL-2.1-or-later
// Lists: circular, named by their first node.
#include "internal.h"

#include <string.h>

bool list_append(struct kmod_list **list, void *data)
{
	struct kmod_list *node = malloc(sizeof(*node));

	if (!node)
		return false;
	*node = (struct kmod_list){ node, node, data };
	list_join(list, node);
	return true;
}

void list_join(struct kmod_list **list, struct kmod_list *more)
{
	struct kmod_list *first = *list, *last, *more_last;

	if (!more)
		return;
	if (!first) {
		*list = more;
		return;
	}
	last = first->prev;
	more_last = more->prev;
	last->next = more;
	more->prev = last;
	more_last->next = first;
	first->prev = more_last;
}

void list_free(struct kmod_list *list, void (*free_data)(void *data))
{
	struct kmod_list *node = list;

	while (node) {
		struct kmod_list *next = node->next;

		if (free_data)
			free_data(node->data);
		free(node);
		node = next == list ? NULL : next;
	}
}

struct kmod_list *kmod_list_next(const struct kmod_list *list,
				 const struct kmod_list *curr)
{
	if (!list || !curr || curr->next == list)
		return NULL;
	return curr->next;
}

struct kmod_list *kmod_list_prev(const struct kmod_list *list,
				 const struct kmod_list *curr)
{
	if (!list || !curr || list == curr)
		return NULL;
	return curr->prev;
}

struct kmod_list *kmod_list_last(const struct kmod_list *list)
{
	return list ? list->prev : NULL;
}

static void item_free(void *data)
{
	struct item *item = data;

	free(item->key);
	free(item->value);
	free(item);
}

int items_add(struct kmod_list **list, const char *key, const char *value,
	      uint64_t number, int bind)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->key = strdup(key);
	item->value = value ? strdup(value) : NULL;
	item->number = number;
	item->bind = bind;
	if (item->key && (item->value || !value) && list_append(list, item))
		return 0;
	item_free(item);
	return -ENOMEM;
}

void items_free(struct kmod_list *list)
{
	list_free(list, item_free);
}
