// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing a modules.*.bin index (the format is described in index-reader.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/strbuf.h"
#include "base/vec.h"

/* As long as kmod 30 has keys; bounds the depth of the trie too. */
#define TRIE_KEY_MAX 1023

struct trie_item {
	const char *key; /* 1..TRIE_KEY_MAX characters of 7 bits */
	const char *value;
	uint32_t priority; /* the smaller the earlier */
	uint32_t serial;   /* set by trie_write() */
};

typedef VEC(struct trie_item) trie_items;

/*
 * Append the index of all items to @out, each node behind its children as kmod
 * 30 has it.  Values of a key stand by priority, those of one priority the
 * last first.  Changes the order of @items.  0, -ENOMEM, or -EFBIG: offsets
 * have 28 bits.
 */
int trie_write(trie_items *items, struct strbuf *out) _must_check_;

/* NULL when @key may stand in an index, else why not. */
const char *trie_key_problem(const char *key);
