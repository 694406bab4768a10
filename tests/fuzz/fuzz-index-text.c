// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as modules.dep, .alias or .builtin; what was read is put into an
// index and must be found there.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tree/index-reader.h"
#include "tree/text-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEMS_CHECKED 256

static bool has_value(const struct index_hits *hits, const char *value)
{
	for (size_t i = 0; i < hits->list.len; i++) {
		if (!strcmp(hits->list.data[i].value, value))
			return true;
	}
	return false;
}

static void check_items(const struct text_index *t, struct index_file *ix)
{
	struct index_hits hits = { 0 };

	for (size_t i = 0; i < t->items.len && i < ITEMS_CHECKED; i++) {
		const struct trie_item *item = &t->items.data[i];

		hits.list.len = 0;
		if (index_find(ix, item->key, &hits) != 1 ||
		    !has_value(&hits, item->value))
			abort();
	}
	index_hits_release(&hits);
}

static void check(struct text_index *t)
{
	struct strbuf bytes = { 0 };
	struct index_file ix;

	if (trie_write(&t->items, &bytes) < 0) {
		strbuf_release(&bytes);
		return;
	}
	if (index_open_heap(&ix, (uint8_t *)bytes.data, bytes.len) < 0)
		abort();
	check_items(t, &ix);
	index_close(&ix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_index t = { 0 };
	struct map places = { 0 };
	struct span text;
	int rc;

	if (!size)
		return 0;
	text = (struct span){ data + 1, size - 1 };
	switch (data[0] % 4) {
	case 0: rc = text_read_dep(&t, text); break;
	case 1: rc = text_read_builtin(&t, text); break;
	case 2:
		rc = text_read_dep(&t, SPAN_LITERAL("k/a.ko:\nk/b.ko:\n"));
		if (!rc)
			rc = text_places(&t, &places);
		if (!rc)
			rc = text_read_alias(&t, text, &places);
		break;
	default: rc = text_read_alias(&t, text, &places);
	}
	if (!rc)
		check(&t);
	else if (rc == -LKM_EFORMAT && (!t.problem || !t.line))
		abort();
	map_release(&places);
	text_release(&t);
	return 0;
}
