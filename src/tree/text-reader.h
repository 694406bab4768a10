// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading the text twins of the .bin indexes.
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "base/span.h"
#include "tree/trie.h"

#define TEXT_SIZE_MAX ((size_t)256 << 20) /* as much as a .bin can have */
#define TEXT_LINES_MAX 16000000

/* Zero-initialise. */
struct text_index {
	struct arena strings;
	trie_items items;
	const char *problem; /* set with -LKM_EFORMAT: what is wrong, */
	uint64_t line;	     /* and where */
};

/*
 * The entries of a file, with the keys and priorities that the .bin has.  0,
 * -LKM_ENOMEM, or -LKM_EFORMAT where the file is not what depmod writes.
 */
int text_read_dep(struct text_index *t, struct span text) _must_check_;
/*
 * modules.alias and modules.symbols.  @places: of a module's name its line in
 * modules.dep, from text_places().
 */
int text_read_alias(struct text_index *t, struct span text,
		    const struct map *places) _must_check_;
/* modules.builtin: a path to a line */
int text_read_builtin(struct text_index *t, struct span text) _must_check_;
/* Add to @places the priority, plus one, of each key of @t. */
int text_places(const struct text_index *t, struct map *places) _must_check_;

/* Add an entry; a key that no index can hold is left out.  0, -LKM_ENOMEM. */
int text_add(struct text_index *t, const char *key, const char *value,
	     uint32_t priority) _must_check_;
void text_release(struct text_index *t);

#define _cleanup_text_ _cleanup_(text_release)
