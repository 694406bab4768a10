// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing a modules.*.bin index.
#include "tree/trie.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "tree/index-reader.h"

#define TRIE_VERSION (INDEX_MAJOR << 16 | 1)
#define TRIE_SMALL 24 /* items that are sorted by insertion */

struct trie {
	struct trie_item *items;
	struct trie_item *spare; /* as many, for sorting */
	struct strbuf *out;
	size_t start;	     /* of the file in @out */
	VEC(uint32_t) words; /* of the children of open nodes */
	bool failed;	     /* no memory */
};

/* Items lo..hi-1 agree in their first @depth characters. */
struct run {
	size_t lo, hi, depth;
};

const char *trie_key_problem(const char *key)
{
	size_t len = strlen(key), i = 0;
	uint64_t eight = 0, high = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&eight, key + i, sizeof(eight));
		high |= eight;
	}
	for (; i < len; i++)
		high |= (unsigned char)key[i];
	if (high & 0x8080808080808080)
		return "not 7-bit ASCII";
	if (!len)
		return "empty";
	return len > TRIE_KEY_MAX ? "too long" : NULL;
}

static char *word_to(char *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof(v));
	return to + sizeof(v);
}

static void put_word(struct trie *t, uint32_t v)
{
	char *to = strbuf_extend(t->out, sizeof(v));

	if (to)
		word_to(to, v);
}

static int value_compare(const void *a, const void *b)
{
	const struct trie_item *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->serial > y->serial ? -1 : 1;
}

/* How many further characters all keys of the run share. */
static size_t run_shared(const struct trie *t, const struct run *r)
{
	const char *first = t->items[r->lo].key + r->depth;
	size_t shared = strlen(first);

	for (size_t i = r->lo + 1; i < r->hi && shared; i++) {
		const char *key = t->items[i].key + r->depth;
		size_t n = 0;

		while (n < shared && key[n] == first[n])
			n++;
		shared = n;
	}
	return shared;
}

static unsigned char char_at(const struct trie_item *item, size_t at)
{
	return (unsigned char)item->key[at];
}

/* Sort the run by the character at @at, keeping the order of equals. */
static void run_sort(struct trie *t, const struct run *r, size_t at)
{
	size_t start[129] = { 0 };

	if (r->hi - r->lo <= TRIE_SMALL) {
		for (size_t i = r->lo + 1; i < r->hi; i++) {
			struct trie_item item = t->items[i];
			size_t k = i;

			for (; k > r->lo && char_at(&t->items[k - 1], at) >
						    char_at(&item, at);
			     k--)
				t->items[k] = t->items[k - 1];
			t->items[k] = item;
		}
		return;
	}
	for (size_t i = r->lo; i < r->hi; i++)
		start[char_at(&t->items[i], at) + 1]++;
	for (size_t c = 1; c < ARRAY_SIZE(start); c++)
		start[c] += start[c - 1];
	for (size_t i = r->lo; i < r->hi; i++)
		t->spare[r->lo + start[char_at(&t->items[i], at)]++] =
			t->items[i];
	memcpy(t->items + r->lo, t->spare + r->lo,
	       (r->hi - r->lo) * sizeof(*t->items));
}

static void put_values(struct trie *t, size_t lo, size_t hi)
{
	if (hi - lo > 1)
		qsort(t->items + lo, hi - lo, sizeof(*t->items), value_compare);
	put_word(t, (uint32_t)(hi - lo));
	for (size_t i = lo; i < hi; i++) {
		size_t size = strlen(t->items[i].value) + 1;
		char *to = strbuf_extend(t->out, sizeof(uint32_t) + size);

		if (to)
			memcpy(word_to(to, t->items[i].priority),
			       t->items[i].value, size);
	}
}

/* The characters of children, and their words. */
static void put_links(struct trie *t, unsigned char first, unsigned char last,
		      size_t base)
{
	size_t count = t->words.len - base;
	char *to = strbuf_extend(t->out, 2 + count * sizeof(uint32_t));

	if (!to)
		return;
	*to++ = (char)first;
	*to++ = (char)last;
	for (size_t i = base; i < t->words.len; i++)
		to = word_to(to, t->words.data[i]);
}

static uint32_t put_node(struct trie *t, struct run r, bool is_root);

/* The children of items lo..hi-1, whose characters at @at differ from NUL. */
static bool put_children(struct trie *t, size_t lo, size_t hi, size_t at)
{
	size_t base = t->words.len;
	unsigned char first = char_at(&t->items[lo], at);
	unsigned char last = char_at(&t->items[hi - 1], at);

	for (size_t c = first; c <= last; c++) {
		if (!vec_push(&t->words, 0))
			return false;
	}
	while (lo < hi) {
		unsigned char c = char_at(&t->items[lo], at);
		struct run child = { lo, lo, at + 1 };

		while (child.hi < hi && char_at(&t->items[child.hi], at) == c)
			child.hi++;
		lo = child.hi;
		/* Not in one statement: the words may move. */
		uint32_t word = put_node(t, child, false);

		t->words.data[base + c - first] = word;
	}
	return true;
}

/* Write the node of a run, behind all below it; its word. */
static uint32_t put_node(struct trie *t, struct run r, bool is_root)
{
	size_t shared = is_root ? 0 : run_shared(t, &r);
	size_t at = r.depth + shared, base = t->words.len, middle = r.lo;
	const char *prefix = t->items[r.lo].key + r.depth;
	uint32_t word;

	if (r.hi - r.lo > 1)
		run_sort(t, &r, at);
	while (middle < r.hi && !char_at(&t->items[middle], at))
		middle++;
	if (middle < r.hi && !put_children(t, middle, r.hi, at)) {
		t->failed = true;
		return 0;
	}
	word = (uint32_t)(t->out->len - t->start) & INDEX_OFFSET;
	if (shared) {
		strbuf_add(t->out, prefix, shared);
		strbuf_addc(t->out, '\0');
		word |= INDEX_HAS_PREFIX;
	}
	if (t->words.len > base) {
		put_links(t, char_at(&t->items[middle], at),
			  char_at(&t->items[r.hi - 1], at), base);
		word |= INDEX_HAS_CHILDREN;
		t->words.len = base;
	}
	if (middle > r.lo) {
		put_values(t, r.lo, middle);
		word |= INDEX_HAS_VALUES;
	}
	return word;
}

int trie_write(trie_items *items, struct strbuf *out)
{
	struct trie t = { .items = items->data, .out = out, .start = out->len };
	unsigned char *header;
	uint32_t root;

	for (size_t i = 0; i < items->len; i++)
		items->data[i].serial = (uint32_t)i;
	t.spare = malloc((items->len + 1) * sizeof(*t.spare));
	put_word(&t, INDEX_MAGIC);
	put_word(&t, TRIE_VERSION);
	put_word(&t, 0);
	root = (uint32_t)(out->len - t.start);
	if (t.spare && items->len)
		root = put_node(&t, (struct run){ 0, items->len, 0 }, true);
	vec_release(&t.words);
	if (!t.spare || t.failed || out->failed) {
		free(t.spare);
		return -ENOMEM;
	}
	free(t.spare);
	if (out->len - t.start > INDEX_OFFSET)
		return -EFBIG;
	header = (unsigned char *)out->data + t.start + 8;
	for (int i = 0; i < 4; i++)
		header[i] = (unsigned char)(root >> (24 - 8 * i));
	return 0;
}
