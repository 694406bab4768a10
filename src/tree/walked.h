// SPDX-License-Identifier: LGPL-2.1-or-later
// What a walk through a tree found, to see without walking that it is the same.
#pragma once

#include "policy/depmod.h"
#include "tree/cache.h"
#include "tree/scan.h"

/*
 * DOC: names come and go only with a change of their folder's times.  So when
 * every folder and every module file still is what it was, a walk would find
 * the same.  Half of a walk's time goes into opening and listing folders; this
 * only looks at what is known, on several threads.  The main directory itself
 * changes with each index written into it: it is listed.
 */

/* Which walk: whatever else decides what is found in @dir. */
struct walked_key {
	const struct root *root;
	const char *dir;
	const struct depmod_policy *policy;
	uint64_t fingerprint; /* of what was found, graph.h */
};

/*
 * Keep what @scan (with want_folders) found, looked at from @time on.  Nothing
 * is kept of a tree with links, or with a folder that is not at rest.  A
 * failure costs time at the next run.
 */
void walked_save(const struct cache_place *place, const char *file,
		 const struct walked_key *key, const struct scan *scan,
		 int64_t time);
/* Is all as it was kept?  *@ret_count: module files. */
bool walked_is_same(const struct cache_place *place, const char *file,
		    const struct walked_key *key, unsigned int threads,
		    size_t *ret_count);
