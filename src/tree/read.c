// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading many module files at once.
#include "tree/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "base/pool.h"
#include "base/strbuf.h"
#include "diag/error.h"
#include "image/extract.h"

struct reading {
	const struct read_options *options;
	struct read_job *jobs;
	size_t count;
	struct reader *readers;
	struct image_scratch scratch[POOL_MAX];
	int dir; /* open module directory */
	atomic_size_t done;
	atomic_bool failed; /* no memory */
};

/* Takes the ids of one file, all kinds one after the other. */
struct taker {
	struct names *names;
	uint32_t *ids;
	size_t count;
	bool failed;
};

static void take(struct taker *t, uint32_t id)
{
	if (id == NAMES_FULL)
		t->failed = true;
	else
		t->ids[t->count++] = id;
}

static void take_modinfo(struct taker *t, const struct image_extract *x,
			 const char *key)
{
	for (size_t i = 0; i < x->modinfo_count; i++) {
		if (!strcmp(x->modinfo[i].key, key))
			take(t, names_append(t->names, x->modinfo[i].value));
	}
}

/* 0 or -LKM_ENOMEM */
static int facts_take(struct reader *r, const struct image_extract *x,
		      struct facts *ret)
{
	static const char *const keys[] = { "alias", "softdep", "weakdep" };
	struct facts facts = { .names = &r->names };
	struct taker t = { .names = &r->names };
	size_t before;

	t.ids = arena_alloc(
		&r->ids, (x->export_count + x->need_count + x->modinfo_count) *
				 sizeof(*t.ids));
	if (!t.ids)
		return -LKM_ENOMEM;
	for (size_t i = 0; i < x->export_count; i++)
		take(&t, names_intern(&r->names, x->exports[i]));
	facts.counts[FACT_EXPORT] = (uint32_t)t.count;
	for (size_t i = 0; i < x->need_count; i++) {
		const char *name = x->needs[i].name;

		/* PowerPC: ".f" is the code of function "f". */
		take(&t, names_intern(&r->names, name + (*name == '.')));
	}
	facts.counts[FACT_NEED] = (uint32_t)t.count - facts.counts[FACT_EXPORT];
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		before = t.count;
		take_modinfo(&t, x, keys[k]);
		facts.counts[FACT_ALIAS + k] = (uint32_t)(t.count - before);
	}
	if (t.failed)
		return -LKM_ENOMEM;
	facts.ids = t.ids;
	*ret = facts;
	return 0;
}

/* fd, or negative errno.  Below a root that is not ours links stay inside. */
static int read_open(struct reading *g, const struct scan_file *file)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	int fd;

	if (file->path[0] != '/' &&
	    (!file->linked || root_is_host(g->options->root))) {
		fd = openat(g->dir, file->path, IMAGE_OPEN_FLAGS);
		return fd < 0 ? -errno : fd;
	}
	if (file->path[0] != '/')
		strbuf_addf(&b, "%s/", g->options->dir);
	if (!strbuf_adds(&b, file->path))
		return -ENOMEM;
	return root_openat(g->options->root, b.data, IMAGE_OPEN_FLAGS);
}

static int read_file(struct reading *g, unsigned int worker,
		     struct read_job *job)
{
	_cleanup_arena_ struct arena temporary = { 0 };
	_cleanup_close_ int fd = read_open(g, job->file);
	struct image_extract x;
	int rc;

	if (fd < 0)
		return error_system(&job->error, fd, "open", job->file->path);
	rc = image_extract(&g->scratch[worker], fd, job->file->path, &temporary,
			   &x, &job->error);
	if (rc < 0)
		return rc;
	job->id = file_id_of(&x.stat);
	return facts_take(&g->readers[worker], &x, &job->facts);
}

static void read_one(void *ctx, unsigned int worker, size_t item)
{
	struct reading *g = ctx;
	struct read_job *job = &g->jobs[item];

	if (atomic_load(&g->failed))
		return;
	job->facts = (struct facts){ .names = &g->readers[worker].names };
	if (read_file(g, worker, job) == -LKM_ENOMEM)
		atomic_store(&g->failed, true);
	atomic_fetch_add(&g->done, 1);
	/* From one thread only, and not so often that it costs. */
	if (!worker && g->options->progress && item % 16 == 0)
		g->options->progress(g->options->progress_ctx,
				     atomic_load(&g->done), g->count);
}

int read_modules(const struct read_options *options, struct read_job *jobs,
		 size_t count, struct reader *readers,
		 struct lkm_error **reterr)
{
	struct reading g = { .options = options,
			     .jobs = jobs,
			     .count = count,
			     .readers = readers };

	if (!count)
		return 0;
	g.dir = root_openat(options->root, options->dir,
			    O_RDONLY | O_DIRECTORY);
	if (g.dir < 0)
		return error_system(reterr, g.dir, "open", options->dir);
	pool_run(options->threads, count, read_one, &g);
	close(g.dir);
	for (size_t i = 0; i < POOL_MAX; i++)
		image_scratch_release(&g.scratch[i]);
	if (atomic_load(&g.failed))
		return error_nomem(reterr);
	if (options->progress)
		options->progress(options->progress_ctx, count, count);
	return 0;
}

void reader_release(struct reader *r)
{
	names_release(&r->names);
	arena_release(&r->ids);
}
