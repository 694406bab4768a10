// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading modules.*.bin.
#include "tree/index-reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "tree/match.h"

#define INDEX_HEADER 12
#define INDEX_CHARS 128

/* One node, its parts borrowed from the file. */
struct node {
	const char *prefix;
	uint32_t first, last; /* children; first > last: none */
	struct span children;
	uint64_t values; /* offset of the values */
	uint32_t value_count;
	uint64_t size; /* bytes, without the values */
};

static int damaged(struct index_file *ix, const char *problem, uint64_t offset)
{
	ix->problem = ix->source.error ? "cannot be read" : problem;
	ix->offset = offset;
	return -LKM_EFORMAT;
}

static bool read_u32(struct index_file *ix, uint64_t off, uint32_t *ret)
{
	struct span s;

	return source_slice(&ix->source, off, 4, &s) &&
	       span_u32(s, 0, true, ret);
}

static int index_read_header(struct index_file *ix)
{
	uint32_t magic, version;

	/* depmod without modules.builtin.modinfo leaves an empty file. */
	if (!ix->source.size) {
		ix->root = 0;
		return 0;
	}
	if (!read_u32(ix, 0, &magic) || !read_u32(ix, 4, &version) ||
	    !read_u32(ix, 8, &ix->root))
		return damaged(ix, "is too short", ix->source.size);
	if (magic != INDEX_MAGIC)
		return damaged(ix, "has no magic number of an index", 0);
	if (version >> 16 != INDEX_MAJOR)
		return damaged(ix, "has another format version", 4);
	if (!(ix->root & INDEX_OFFSET))
		return damaged(ix, "has no root node", 8);
	return 0;
}

/*
 * Single pages, as struct source has them: a fault of fresh memory costs more
 * than a pread().  Reading 1, 4, 16 or 512 pages at a time made the first
 * lookup of a pci: modalias take 47, 64, 158 or 534 us.
 */
int index_open_fd(struct index_file *ix, int fd)
{
	int rc;

	*ix = (struct index_file){ .fd = fd, .source = { .fd = -1 } };
	rc = source_open_fd(&ix->source, fd, INDEX_SIZE_MAX);
	if (rc == -ENOMEM)
		return -LKM_ENOMEM;
	if (rc == -EFBIG)
		return damaged(ix, "is larger than 256 MiB", 0);
	if (rc < 0)
		return damaged(ix, "is no regular file", 0);
	return index_read_header(ix);
}

int index_open_heap(struct index_file *ix, uint8_t *bytes, uint64_t size)
{
	*ix = (struct index_file){ .fd = -1, .source = { .fd = -1 } };
	source_from_heap(&ix->source, bytes, size);
	return index_read_header(ix);
}

void index_close(struct index_file *ix)
{
	source_release(&ix->source);
	if (ix->fd >= 0)
		close(ix->fd);
	ix->fd = -1;
}

/* The word of the child for @c, 0 where there is none. */
static uint32_t node_child(const struct node *n, uint32_t c)
{
	uint32_t word = 0;

	if (c < n->first || c > n->last)
		return 0;
	/* The span was made to hold first..last. */
	(void)span_u32(n->children, 4 * (uint64_t)(c - n->first), true, &word);
	return word & INDEX_OFFSET ? word : 0;
}

static int node_read_children(struct index_file *ix, uint64_t *off,
			      struct node *n)
{
	struct span s;

	if (!source_slice(&ix->source, *off, 2, &s))
		return damaged(ix, "ends inside a node", *off);
	n->first = s.data[0];
	n->last = s.data[1];
	if (n->first > n->last || !n->first || n->last >= INDEX_CHARS)
		return damaged(ix, "has a node with impossible children", *off);
	*off += 2;
	if (!source_slice(&ix->source, *off, 4 * (n->last - n->first + 1),
			  &n->children))
		return damaged(ix, "ends inside a node", *off);
	*off += n->children.size;
	/* A writer has no reason for a range that is wider than needed. */
	if (!node_child(n, n->first) || !node_child(n, n->last))
		return damaged(ix, "has a node with impossible children", *off);
	return 0;
}

static bool is_key_text(const char *s)
{
	for (; *s; s++) {
		if (*s & 0x80)
			return false;
	}
	return true;
}

static int node_read(struct index_file *ix, uint32_t word, struct node *ret)
{
	uint64_t off = word & INDEX_OFFSET;
	struct node n = { .prefix = "", .first = 1 };
	int rc;

	if (word & INDEX_RESERVED || off < INDEX_HEADER ||
	    off > ix->source.size)
		return damaged(ix, "points to a node outside of it", off);
	if (word & INDEX_HAS_PREFIX) {
		if (!source_string(&ix->source, off, off + INDEX_KEY_MAX,
				   &n.prefix))
			return damaged(ix, "has a key without an end", off);
		if (!is_key_text(n.prefix))
			return damaged(ix, "has a key that is not ASCII", off);
		off += strlen(n.prefix) + 1;
	}
	if (word & INDEX_HAS_CHILDREN) {
		rc = node_read_children(ix, &off, &n);
		if (rc < 0)
			return rc;
	}
	if (word & INDEX_HAS_VALUES) {
		if (!read_u32(ix, off, &n.value_count))
			return damaged(ix, "ends inside a node", off);
		n.values = off + 4;
		/* A value has a priority and at least its NUL. */
		if (!n.value_count ||
		    n.value_count > (ix->source.size - n.values) / 5)
			return damaged(ix, "ends inside a node", off);
	}
	/* Only the root of an empty index leads nowhere. */
	if (!n.value_count && n.first > n.last && word != ix->root)
		return damaged(ix, "has a key without a value", off);
	n.size = off - (word & INDEX_OFFSET);
	*ret = n;
	return 0;
}

/* The value at *@off, which moves on; *@hit: the one before it, or zero. */
static int node_next_value(struct index_file *ix, uint64_t *off,
			   struct index_hit *hit)
{
	uint32_t before = hit->priority;

	if (!read_u32(ix, *off, &hit->priority) ||
	    !source_string(&ix->source, *off + 4, INDEX_SIZE_MAX, &hit->value))
		return damaged(ix, "ends inside a value", *off);
	if (hit->priority < before)
		return damaged(ix, "has values that are not sorted", *off);
	*off += 4 + strlen(hit->value) + 1;
	return 0;
}

/* *@ret_size: bytes that the values take */
static int node_add_values(struct index_file *ix, const struct node *n,
			   struct index_hits *hits, uint64_t *ret_size)
{
	struct index_hit hit = { 0 };
	uint64_t off = n->values;

	for (uint32_t i = 0; i < n->value_count; i++) {
		int rc = node_next_value(ix, &off, &hit);

		if (rc < 0)
			return rc;
		hit.order = (uint32_t)hits->list.len;
		if (!vec_push(&hits->list, hit))
			return -LKM_ENOMEM;
	}
	*ret_size = off - n->values;
	return 0;
}

int index_find(struct index_file *ix, const char *key, struct index_hits *hits)
{
	uint32_t word = ix->root;

	/* Each turn but the last takes a character of the key. */
	while (word) {
		struct node n;
		uint64_t size;
		size_t len;
		int rc = node_read(ix, word, &n);

		if (rc < 0)
			return rc;
		len = strlen(n.prefix);
		if (strncmp(n.prefix, key, len) != 0)
			return 0;
		key += len;
		if (!*key) {
			rc = node_add_values(ix, &n, hits, &size);
			return rc < 0 ? rc : n.value_count > 0;
		}
		word = node_child(&n, (unsigned char)*key++);
	}
	return 0;
}

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
		return damaged(w->ix, "has nodes that overlap", 0);
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
		return damaged(w->ix, "has a key without an end",
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
