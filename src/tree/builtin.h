// SPDX-License-Identifier: LGPL-2.1-or-later
// modules.builtin.modinfo: what modinfo says about built-in modules.
#pragma once

#include <lkm/tree.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/span.h"
#include "base/vec.h"

/*
 * DOC: the file is "module.key=value" strings, each with its NUL; a value may
 * hold anything but NUL.  The lines of one module stand together as the kernel
 * was linked, but nothing here depends on it.
 */
#define BUILTIN_ENTRIES_MAX 1000000

struct builtin_module {
	const char *name; /* '-' as '_' */
	VEC(struct lkm_builtin_info) entries;
};

/* Zero-initialise. */
struct builtin {
	struct arena arena; /* strings */
	struct map by_name; /* to struct builtin_module */
	VEC(struct builtin_module *) modules;
	size_t skipped; /* strings of another form */
};

/*
 * 0, -LKM_ENOMEM, or -LKM_ELIMIT above BUILTIN_ENTRIES_MAX.  @text is copied.
 * Strings of another form are left out and counted.
 */
int builtin_parse(struct builtin *b, struct span text) _must_check_;
/* NULL: the file does not name @name (normalised). */
const struct builtin_module *builtin_get(const struct builtin *b,
					 const char *name);
void builtin_release(struct builtin *b);
