// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading modules.*.bin: walks over many nodes, for patterns and for lists.
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "tree/index-node.h"
#include "tree/match.h"

/* A node on the way from the root to where a walk is. */
struct frame {
	struct node node;
	struct match_state state;
	uint32_t key_len; /* of its parent's key */
	uint32_t next;	  /* what comes next, see the walks */
};

struct walk {
	struct index_file *ix;
	struct match *match; /* NULL: every entry */
	struct strbuf key;
	uint64_t left; /* bytes that a sound file has nodes in */
	VEC(struct frame) frames;
	VEC(uint64_t) bits; /* match->words for each frame */
};

static void walk_init(struct walk *w, struct index_file *ix,
		      struct match *match)
{
	*w = (struct walk){ .ix = ix, .match = match };
	w->left = ix->source.size;
}

/* Nodes that overlap could be walked for ages; no sound file has them. */
static int walk_spend(struct walk *w, uint64_t bytes)
{
	if (bytes > w->left)
		return index_damaged(w->ix, "has nodes that overlap", 0);
	w->left -= bytes;
	return 0;
}

static void walk_cut_key(struct walk *w, uint32_t len)
{
	w->key.len = len;
	if (w->key.data)
		w->key.data[len] = '\0';
}

static void walk_release(struct walk *w)
{
	strbuf_release(&w->key);
	vec_release(&w->frames);
	vec_release(&w->bits);
}

/* The places of frame @i; frames.len is the one that is being made. */
static uint64_t *walk_bits(struct walk *w, size_t i)
{
	return w->match ? w->bits.data + i * w->match->words : NULL;
}

static bool walk_copy_bits(struct walk *w)
{
	size_t words = w->match->words;
	size_t need = (w->frames.len + 1) * words;

	while (w->bits.len < need) {
		if (!vec_push(&w->bits, (uint64_t)0))
			return false;
	}
	if (w->frames.len)
		memcpy(walk_bits(w, w->frames.len),
		       walk_bits(w, w->frames.len - 1),
		       words * sizeof(uint64_t));
	return true;
}

/* Read the characters of w->key from @from on.  1 alive, 0 dead. */
static int walk_step(struct walk *w, struct match_state *state, size_t from)
{
	uint64_t *bits = walk_bits(w, w->frames.len);

	for (size_t i = from; i < w->key.len; i++) {
		int rc = match_step(w->match, state, bits, w->key.data,
				    (uint32_t)i);

		if (rc <= 0)
			return rc;
	}
	return 1;
}

/*
 * Go down to the node of @word, reached by character @c (0: the root).  Where
 * no pattern below can match, all stays as it is.
 */
static int walk_enter(struct walk *w, uint32_t word, char c,
		      const struct match_state *state)
{
	struct frame f = { .key_len = (uint32_t)w->key.len, .state = *state };
	int rc = node_read(w->ix, word, &f.node);

	if (rc < 0)
		return rc;
	rc = walk_spend(w, f.node.size);
	if (rc < 0)
		return rc;
	if (c)
		strbuf_addc(&w->key, c);
	if (!strbuf_adds(&w->key, f.node.prefix))
		return -LKM_ENOMEM;
	if (w->key.len >= INDEX_KEY_MAX)
		return index_damaged(w->ix, "has a key without an end",
				     word & INDEX_OFFSET);
	if (w->match) {
		if (!walk_copy_bits(w))
			return -LKM_ENOMEM;
		rc = walk_step(w, &f.state, f.key_len);
		if (rc < 0)
			return -LKM_ENOMEM;
		if (!rc) {
			walk_cut_key(w, f.key_len);
			return 0;
		}
	}
	f.next = f.state.mode == MATCH_LITERAL && w->match ? 0 : f.node.first;
	return vec_push(&w->frames, f) ? 0 : -LKM_ENOMEM;
}

static void walk_leave(struct walk *w)
{
	walk_cut_key(w, w->frames.data[--w->frames.len].key_len);
}

static int walk_add_values(struct walk *w, const struct node *n,
			   struct index_hits *hits)
{
	uint64_t size;
	int rc = node_add_values(w->ix, n, hits, &size);

	return rc < 0 ? rc : walk_spend(w, size);
}

/*
 * The next turn at a node whose key is literal: the patterns that go on with a
 * wildcard, then the values or the child of the next character.
 */
static int walk_turn_literal(struct walk *w, struct index_hits *hits)
{
	static const char wildcards[] = "*?[";
	struct frame *f = &w->frames.data[w->frames.len - 1];
	uint32_t turn = f->next++;
	uint32_t word;
	char c;

	if (turn > strlen(wildcards)) {
		walk_leave(w);
		return 0;
	}
	c = wildcards[turn];
	if (!c) {
		c = w->match->key[f->state.place];
		if (!c)
			return walk_add_values(w, &f->node, hits);
		/* A name that itself holds a wildcard: that was tried. */
		if (strchr(wildcards, c))
			return 0;
	}
	word = node_child(&f->node, (unsigned char)c);
	return word ? walk_enter(w, word, c, &f->state) : 0;
}

static int walk_turn_glob(struct walk *w, struct index_hits *hits)
{
	struct frame *f = &w->frames.data[w->frames.len - 1];
	uint64_t *bits = walk_bits(w, w->frames.len - 1);
	struct node n;

	while (f->next <= f->node.last) {
		char c = (char)f->next++;
		uint32_t word = node_child(&f->node, (unsigned char)c);

		if (word && match_may_step(w->match, &f->state, bits, c))
			return walk_enter(w, word, c, &f->state);
	}
	n = f->node;
	if (!n.value_count ||
	    !match_accepts(w->match, &f->state, bits, w->key.data)) {
		walk_leave(w);
		return 0;
	}
	walk_leave(w);
	return walk_add_values(w, &n, hits);
}

/*
 * By priority; what kmod meets later of one priority it puts in front.  The
 * built-in modules' aliases all have the same.
 */
static int hit_compare(const void *a, const void *b)
{
	const struct index_hit *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->order > y->order ? -1 : x->order < y->order;
}

int index_match(struct index_file *ix, const char *name,
		struct index_hits *hits)
{
	struct match_state start = { 0 };
	struct match m;
	struct walk w;
	int rc = 0;

	/* No key of an index is as long, and no pattern was written for it. */
	if (!ix->root || !match_init(&m, name))
		return 0;
	walk_init(&w, ix, &m);
	rc = walk_enter(&w, ix->root, '\0', &start);
	while (!rc && w.frames.len) {
		struct frame *f = &w.frames.data[w.frames.len - 1];

		if (f->state.mode == MATCH_LITERAL)
			rc = walk_turn_literal(&w, hits);
		else
			rc = walk_turn_glob(&w, hits);
	}
	walk_release(&w);
	match_release(&m);
	if (rc < 0)
		return rc;
	if (hits->list.len > 1)
		qsort(hits->list.data, hits->list.len, sizeof(*hits->list.data),
		      hit_compare);
	return 0;
}

static int each_value(struct walk *w, const struct node *n, index_each_fn fn,
		      void *ctx, int *ret_stop)
{
	struct index_hit hit = { 0 };
	uint64_t off = n->values;

	for (uint32_t i = 0; i < n->value_count && !*ret_stop; i++) {
		int rc = node_next_value(w->ix, &off, &hit);

		if (rc < 0)
			return rc;
		*ret_stop = fn(ctx, strbuf_str(&w->key), &hit);
	}
	return walk_spend(w, off - n->values);
}

/* Enter the next child that there is, or leave. */
static int walk_turn_each(struct walk *w)
{
	static const struct match_state none;
	struct frame *f = &w->frames.data[w->frames.len - 1];

	while (f->next <= f->node.last) {
		char c = (char)f->next++;
		uint32_t word = node_child(&f->node, (unsigned char)c);

		if (word)
			return walk_enter(w, word, c, &none);
	}
	walk_leave(w);
	return 0;
}

int index_each(struct index_file *ix, index_each_fn fn, void *ctx,
	       int *ret_stop)
{
	static const struct match_state none;
	struct walk w;
	int stop = 0, rc;

	walk_init(&w, ix, NULL);
	rc = ix->root ? walk_enter(&w, ix->root, '\0', &none) : 0;
	while (!rc && w.frames.len && !stop) {
		struct frame *f = &w.frames.data[w.frames.len - 1];
		bool fresh = f->next == f->node.first;

		/* A node's own key is shorter than those below: it is first. */
		if (fresh && f->node.value_count) {
			struct node n = f->node;

			f->node.value_count = 0;
			rc = each_value(&w, &n, fn, ctx, &stop);
		} else {
			rc = walk_turn_each(&w);
		}
	}
	walk_release(&w);
	if (rc < 0)
		return rc;
	*ret_stop = stop;
	return 0;
}
