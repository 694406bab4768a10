// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding the module files of a tree, one for each name.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lkm/error.h>

#include "base/arena.h"
#include "base/cache.h"
#include "base/map.h"
#include "base/root.h"
#include "base/vec.h"
#include "policy/depmod.h"

/* Module numbers are 16 bits wide in kmod; the last is not used there. */
#define SCAN_MODULES_MAX 65534
#define SCAN_DEPTH_MAX 64 /* folders in folders */
#define SCAN_VISITS_MAX 8 /* of one folder, over links */

struct scan_file {
	const char *name; /* of the module */
	const char *path; /* from the module directory, or absolute */
	size_t stem;	  /* of @path: its length without ".ko..." */
	unsigned int layer;
	bool linked;	   /* it or a folder above is a symbolic link */
	struct file_id id; /* zero when not asked for */
};

/* A folder that was entered; not the main directory. */
struct scan_folder {
	const char *path; /* from there */
	struct file_id id;
};

struct scan_options {
	const struct root *root;
	const char *dir; /* below the root; NULL: the layers only */
	const char *const *layers;
	size_t layer_count;
	/* These absolute paths and no others; count 0: all that are found. */
	const char *const *files;
	size_t file_count;
	const struct depmod_policy *policy;
	bool want_ids;
	bool want_newest;  /* needs the ids */
	bool want_folders; /* needs the ids */
	unsigned int threads;
};

typedef VEC(struct lkm_error *) error_list;

/* Zero-initialise. */
struct scan {
	struct arena strings;
	VEC(struct scan_file) files; /* as chosen; in no useful order */
	error_list warnings;	     /* owned */
	struct map by_name;	     /* to index + 1 in @files */
	int64_t newest; /* change of a file or a folder below (want_newest) */
	VEC(struct scan_folder) folders; /* want_folders */
	/* All is below the main directory, and no link was seen on the way. */
	bool is_plain;
};

/* 0; sys.failed (the directory itself), tree.limit, sys.memory */
int scan_tree(const struct scan_options *options, struct scan *ret,
	      struct lkm_error **reterr);
void scan_release(struct scan *s);

/* Does a scan pass this name by, whatever it is? */
bool scan_skips(const struct depmod_policy *policy, const char *name);

/* Keep @e (which may be NULL) in @list; false, and @e freed: no memory. */
bool error_list_take(error_list *list, struct lkm_error *e);
void error_list_release(error_list *list);

#define _cleanup_scan_ _cleanup_(scan_release)
