// SPDX-License-Identifier: LGPL-2.1-or-later
// depmod.d: which of several modules with one name is the one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lkm/error.h>

#include "base/arena.h"
#include "base/root.h"
#include "base/vec.h"

enum depmod_search_kind {
	DEPMOD_SEARCH_FOLDER,	/* of the module directory */
	DEPMOD_SEARCH_BUILT_IN, /* whatever no other entry names */
	DEPMOD_SEARCH_EXTERNAL, /* the `external` directories */
};

struct depmod_search {
	enum depmod_search_kind kind;
	const char *folder;
};

/* Zero-initialise.  All lists are in the order of the files. */
struct depmod_policy {
	struct arena strings;
	VEC(struct depmod_search) searches; /* the first wins */
	VEC(const char *) overrides;	    /* "SUBDIR/MODULE", last wins */
	VEC(const char *) externals;	    /* absolute directories */
	VEC(const char *) excludes;	    /* names of files and folders */
	VEC(struct lkm_error *) warnings;   /* lines not used; owned */
};

struct depmod_source {
	const struct root *root;
	const char *release;	  /* what VERSION patterns are held against */
	const char *const *paths; /* instead of the default directories */
	size_t path_count;
};

/* 0; sys.failed, policy.limit; malformed lines become warnings. */
int depmod_policy_load(const struct depmod_source *source,
		       struct depmod_policy *ret, struct lkm_error **reterr);
bool depmod_policy_excludes(const struct depmod_policy *p, const char *name);

/* A module file: its path from the module directory, or absolute. */
struct depmod_file {
	const char *path;
	size_t stem; /* length of @path without ".ko" and what follows */
};

/* Does @now replace @before, which was found earlier and has its name? */
bool depmod_policy_prefers(const struct depmod_policy *p,
			   const struct depmod_file *now,
			   const struct depmod_file *before);
void depmod_policy_release(struct depmod_policy *p);

#define _cleanup_depmod_policy_ _cleanup_(depmod_policy_release)
