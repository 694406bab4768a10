// SPDX-License-Identifier: LGPL-2.1-or-later
// The nodes of an index, whatever the bytes.
#include "tree/index-node.h"

#include <errno.h>
#include <string.h>

int index_damaged(struct index_file *ix, const char *problem, uint64_t offset)
{
	if (ix->source.error)
		problem = ix->source.error == EBADMSG ?
				  "differs from what was written" :
				  "cannot be read";
	ix->problem = problem;
	ix->offset = offset;
	return -LKM_EFORMAT;
}

bool index_read_u32(struct index_file *ix, uint64_t off, uint32_t *ret)
{
	struct span s;

	return source_slice(&ix->source, off, 4, &s) &&
	       span_u32(s, 0, true, ret);
}

uint32_t node_child(const struct node *n, uint32_t c)
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
		return index_damaged(ix, "ends inside a node", *off);
	n->first = s.data[0];
	n->last = s.data[1];
	if (n->first > n->last || !n->first || n->last >= INDEX_CHARS)
		return index_damaged(ix, "has a node with impossible children",
				     *off);
	*off += 2;
	if (!source_slice(&ix->source, *off, 4 * (n->last - n->first + 1),
			  &n->children))
		return index_damaged(ix, "ends inside a node", *off);
	*off += n->children.size;
	/* A writer has no reason for a range that is wider than needed. */
	if (!node_child(n, n->first) || !node_child(n, n->last))
		return index_damaged(ix, "has a node with impossible children",
				     *off);
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

int node_read(struct index_file *ix, uint32_t word, struct node *ret)
{
	uint64_t off = word & INDEX_OFFSET;
	struct node n = { .prefix = "", .first = 1 };
	int rc;

	if (word & INDEX_RESERVED || off < INDEX_HEADER ||
	    off > ix->source.size)
		return index_damaged(ix, "points to a node outside of it", off);
	if (word & INDEX_HAS_PREFIX) {
		if (!source_string(&ix->source, off, off + INDEX_KEY_MAX,
				   &n.prefix))
			return index_damaged(ix, "has a key without an end",
					     off);
		if (!is_key_text(n.prefix))
			return index_damaged(ix, "has a key that is not ASCII",
					     off);
		off += strlen(n.prefix) + 1;
	}
	if (word & INDEX_HAS_CHILDREN) {
		rc = node_read_children(ix, &off, &n);
		if (rc < 0)
			return rc;
	}
	if (word & INDEX_HAS_VALUES) {
		if (!index_read_u32(ix, off, &n.value_count))
			return index_damaged(ix, "ends inside a node", off);
		n.values = off + 4;
		/* A value has a priority and at least its NUL. */
		if (!n.value_count ||
		    n.value_count > (ix->source.size - n.values) / 5)
			return index_damaged(ix, "ends inside a node", off);
	}
	/* Only the root of an empty index leads nowhere. */
	if (!n.value_count && n.first > n.last && word != ix->root)
		return index_damaged(ix, "has a key without a value", off);
	n.size = off - (word & INDEX_OFFSET);
	*ret = n;
	return 0;
}

int node_next_value(struct index_file *ix, uint64_t *off, struct index_hit *hit)
{
	uint32_t before = hit->priority;

	if (!index_read_u32(ix, *off, &hit->priority) ||
	    !source_string(&ix->source, *off + 4, INDEX_SIZE_MAX, &hit->value))
		return index_damaged(ix, "ends inside a value", *off);
	if (hit->priority < before)
		return index_damaged(ix, "has values that are not sorted",
				     *off);
	*off += 4 + strlen(hit->value) + 1;
	return 0;
}

int node_add_values(struct index_file *ix, const struct node *n,
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
