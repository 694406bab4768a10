// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading many module files at once.
#pragma once

#include "tree/names.h"
#include "tree/scan.h"

/* One module to read, and what came of it. */
struct read_job {
	const struct scan_file *file;
	struct facts facts;	 /* empty when @error */
	struct lkm_error *error; /* the caller's to free */
	struct file_id id;	 /* of the file that was read */
};

/* Keeps what the facts refer to.  Zero-initialise. */
struct reader {
	struct names names;
	struct arena ids;
};

struct read_options {
	const struct root *root;
	const char *dir;
	unsigned int threads; /* 1..POOL_MAX; as many readers are needed */
	void (*progress)(void *ctx, size_t done, size_t total);
	void *progress_ctx;
};

/* 0 or sys.memory; what is wrong with a file is its job's error. */
int read_modules(const struct read_options *options, struct read_job *jobs,
		 size_t count, struct reader *readers,
		 struct lkm_error **reterr);
void reader_release(struct reader *r);
