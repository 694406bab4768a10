// SPDX-License-Identifier: LGPL-2.1-or-later
// The modules of a tree and what they need of each other, as one value.
#include "tree/graph.h"

#include <inttypes.h>
#include <fcntl.h>
#include <string.h>

#include "base/pool.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"
#include "tree/cache-file.h"
#include "tree/cache.h"
#include "tree/order.h"
#include "tree/read.h"
#include "tree/resolve.h"
#include "tree/walked.h"

#define CACHE_SKIP_FILES 8
#define CACHE_SKIP_BYTES ((uint64_t)1 << 20)
#define ORDER_FILE_MAX ((size_t)16 << 20)
#define WALKED_FILE "walked"

struct build {
	const struct graph_options *options;
	struct lkm_error **reterr;
	struct depmod_policy policy;
	struct scan scan;
	int64_t time; /* before the first file was looked at */
	struct cache_place place;
	char cache_name[48];
	struct cache cache;
	struct reader readers[POOL_MAX];
	struct read_job *jobs;
	size_t job_count;
	struct scan_file **files;    /* in the order of modules.dep */
	struct cache_entry *entries; /* one for each of them */
	bool *keep;		     /* the entry may go to the cache */
	struct graph graph;
};

/* --- which modules, in what order ---------------------------------------- */

static unsigned int threads_of(const struct graph_options *o)
{
	return o->threads ? MIN_OF(o->threads, POOL_MAX) :
			    pool_default_threads();
}

static int load_policy(struct build *b)
{
	const struct graph_options *o = b->options;
	const struct depmod_source source = { o->root, o->release,
					      o->config_paths,
					      o->config_count };

	return depmod_policy_load(&source, &b->policy, b->reterr);
}

static int find_files(struct build *b)
{
	const struct graph_options *o = b->options;
	struct scan_options scan = {
		.root = o->root,
		.dir = o->dir,
		.layers = o->layers,
		.layer_count = o->layer_count,
		.files = o->files,
		.file_count = o->file_count,
		.policy = &b->policy,
		.want_ids = !o->no_cache || o->known_time,
		.want_newest = o->known_time,
		.want_folders = !o->no_cache,
		.threads = threads_of(o),
	};

	b->time = cache_clock();
	return scan_tree(&scan, &b->scan, b->reterr);
}

/*
 * Lines of modules.order, by the path that a module has there; the map's
 * values are line numbers from 1.  Text and map are the caller's.
 */
static int read_order(struct build *b, char **ret_text, struct map *ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	struct lkm_error *e = NULL;
	struct span text, line;
	size_t pos = 0, number = 0, size;
	int rc;

	if (!strbuf_addf(&path, "%s/modules.order", b->options->dir))
		return error_nomem(b->reterr);
	rc = root_read(b->options->root, path.data, ORDER_FILE_MAX, ret_text,
		       &size);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return error_system(b->reterr, rc, "read", path.data);
	if (size && (*ret_text)[size - 1] != '\n') {
		/* kmod uses none of a file that was cut short. */
		FAIL(&e, TREE_ORDER, KV_STR("file", path.data));
		if (!error_list_take(&b->scan.warnings, e))
			return error_nomem(b->reterr);
		return 0;
	}
	text = (struct span){ (uint8_t *)*ret_text, size };
	while (text_next_line(text, &pos, &line)) {
		(*ret_text)[pos - 1] = '\0';
		if (!map_set(ret, (const char *)line.data, (void *)++number))
			return error_nomem(b->reterr);
	}
	return 0;
}

/* The line of modules.order that names @f, which has "NAME.ko" always. */
static size_t order_of(const struct map *lines, const struct scan_file *f)
{
	const char *slash = strrchr(f->path, '/');
	size_t len = slash ? (size_t)(slash - f->path) + 1 : 0;

	len += strlen(f->name) + strlen(".ko");
	if (!lines->count || f->path[0] == '/' || len > strlen(f->path))
		return 0;
	return (size_t)(uintptr_t)map_get_len(lines, f->path, len);
}

struct ranked {
	size_t line;  /* SIZE_MAX: none */
	size_t place; /* among those without a line */
	struct scan_file *file;
};

static int ranked_compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int sort_ranked(struct build *b, const struct map *lines,
		       struct order_item *items, struct ranked *ranked)
{
	size_t n = b->scan.files.len;

	for (size_t i = 0; i < n; i++) {
		items[i].name = b->scan.files.data[i].name;
		items[i].value = (uint32_t)i;
	}
	if (order_by_bucket(items, n, ORDER_MODULE_BUCKETS) < 0)
		return error_nomem(b->reterr);
	for (size_t i = 0; i < n; i++) {
		struct scan_file *f = &b->scan.files.data[items[i].value];
		size_t line = order_of(lines, f);

		ranked[i] = (struct ranked){ line ? line : SIZE_MAX, i, f };
	}
	qsort(ranked, n, sizeof(*ranked), ranked_compare);
	for (size_t i = 0; i < n; i++)
		b->files[i] = ranked[i].file;
	return 0;
}

static int sort_files(struct build *b)
{
	_cleanup_map_ struct map lines = { 0 };
	_cleanup_free_ struct order_item *items = NULL;
	_cleanup_free_ struct ranked *ranked = NULL;
	_cleanup_free_ char *text = NULL;
	size_t n = b->scan.files.len;
	int rc = read_order(b, &text, &lines);

	if (rc < 0)
		return rc;
	items = calloc(n + 1, sizeof(*items));
	ranked = calloc(n + 1, sizeof(*ranked));
	b->files = calloc(n + 1, sizeof(struct scan_file *));
	b->entries = calloc(n + 1, sizeof(*b->entries));
	b->keep = calloc(n + 1, sizeof(*b->keep));
	b->jobs = calloc(n + 1, sizeof(*b->jobs));
	if (!items || !ranked || !b->files || !b->entries || !b->keep ||
	    !b->jobs)
		return error_nomem(b->reterr);
	return sort_ranked(b, &lines, items, ranked);
}

/*
 * One number for all modules, in the order in which they were found; their
 * contents are as they were if they are at rest.  0: some are not.
 */
static uint64_t fingerprint(const struct build *b)
{
	uint64_t h = CACHE_VERSION;

	for (size_t i = 0; i < b->scan.files.len; i++) {
		const struct scan_file *f = &b->scan.files.data[i];

		if (!file_id_rests(&f->id, b->time))
			return 0;
		h = cache_hash(h, f->path, strlen(f->path));
		h = cache_hash(h, &f->id, sizeof(f->id));
	}
	return h ? h : 1;
}

static void open_place(struct build *b)
{
	const struct graph_options *o = b->options;
	_cleanup_close_ int fd = -1;
	struct file_id id;
	struct stat st;

	if (o->no_cache)
		return;
	fd = root_openat(o->root, o->dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	id = file_id_of(&st);
	b->place = tree_cache_place(o->release, &id);
}

static struct walked_key walked_key(const struct build *b, uint64_t fingerprint)
{
	return (struct walked_key){ b->options->root, b->options->dir,
				    &b->policy, fingerprint };
}

/* As is_known(), without a walk through the tree. */
static bool is_known_unwalked(struct build *b)
{
	uint64_t known = b->options->known_fingerprint;
	struct walked_key key = walked_key(b, known);

	if (!known || b->options->file_count || b->options->layer_count ||
	    !walked_is_same(&b->place, WALKED_FILE, &key,
			    threads_of(b->options), &b->graph.count) ||
	    !b->options->known_holds(b->options->known_ctx))
		return false;
	b->graph.fingerprint = known;
	return true;
}

/* Is the tree as the caller knows it? */
static bool is_known(struct build *b)
{
	const struct graph_options *o = b->options;

	if (!o->no_cache)
		b->graph.fingerprint = fingerprint(b);
	if (o->known_fingerprint &&
	    o->known_fingerprint == b->graph.fingerprint &&
	    o->known_holds(o->known_ctx))
		return true;
	return o->known_time && b->scan.newest < o->known_time;
}

static void keep_walk(struct build *b)
{
	struct walked_key key = walked_key(b, b->graph.fingerprint);

	walked_save(&b->place, WALKED_FILE, &key, &b->scan, b->time);
}

/* --- what is in them ----------------------------------------------------- */

/* Each set of layers has a file of its own: they share no paths. */
static void name_cache(struct build *b)
{
	uint64_t h = 0;

	for (size_t i = 0; i < b->options->layer_count; i++)
		h = cache_hash(h + 1, b->options->layers[i],
			       strlen(b->options->layers[i]));
	snprintf(b->cache_name, sizeof(b->cache_name), "modules-%016" PRIx64,
		 h);
}

static int open_cache(struct build *b)
{
	if (b->place.dir < 0)
		return 0;
	name_cache(b);
	return cache_load(&b->place, b->cache_name, &b->cache);
}

/* Both at the same time: the names come one after the other. */
struct finding {
	struct build *build;
	int files, cache;
};

static void find_one(void *ctx, unsigned int worker, size_t item)
{
	struct finding *f = ctx;

	if (item)
		f->cache = open_cache(f->build);
	else
		f->files = find_files(f->build);
}

static int find_files_and_cache(struct build *b)
{
	struct finding f = { .build = b };

	pool_run(threads_of(b->options), 2, find_one, &f);
	if (f.files < 0)
		return f.files;
	return f.cache < 0 ? error_nomem(b->reterr) : 0;
}

static int read_files(struct build *b)
{
	const struct graph_options *o = b->options;
	struct read_options read = {
		.root = o->root,
		.dir = o->dir,
		.threads = threads_of(o),
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};

	for (size_t i = 0; i < b->scan.files.len; i++) {
		const struct scan_file *f = b->files[i];
		const struct cache_entry *known = cache_find(&b->cache, f->path,
							     &f->id);

		b->entries[i].path = f->path;
		if (known) {
			b->entries[i] = *known;
			b->keep[i] = true;
			b->graph.cached++;
		} else {
			b->jobs[b->job_count++].file = f;
		}
	}
	b->graph.read = b->job_count;
	return read_modules(&read, b->jobs, b->job_count, b->readers,
			    b->reterr);
}

/* Bring what was read back to its module's place. */
static int take_jobs(struct build *b)
{
	size_t next = 0;

	for (size_t i = 0; i < b->scan.files.len; i++) {
		struct read_job *job = &b->jobs[next];

		if (next == b->job_count || job->file != b->files[i])
			continue;
		next++;
		b->entries[i].facts = job->facts;
		b->entries[i].id = job->id;
		/* A file that changed under our hands is not for keeping. */
		b->keep[i] = !job->error &&
			     file_id_equals(&job->id, &b->files[i]->id);
		if (!error_list_take(&b->scan.warnings, take_ptr(job->error)))
			return error_nomem(b->reterr);
	}
	return 0;
}

/* Reading a few modules again costs less than writing all of the cache. */
static bool is_worth_keeping(const struct build *b)
{
	uint64_t bytes = 0;

	if (!b->cache.count || b->job_count > CACHE_SKIP_FILES)
		return true;
	for (size_t i = 0; i < b->job_count; i++)
		bytes += b->jobs[i].id.size;
	return bytes > CACHE_SKIP_BYTES;
}

/* A failure costs time at the next run, nothing now. */
static void keep_in_cache(struct build *b)
{
	size_t n = 0;

	if (b->place.dir < 0 || !is_worth_keeping(b))
		return;
	for (size_t i = 0; i < b->scan.files.len; i++) {
		if (b->keep[i])
			b->entries[n++] = b->entries[i];
	}
	(void)!cache_save(&b->place, b->cache_name, b->entries, n, b->time);
}

/* --- the value ----------------------------------------------------------- */

/* A line break in a value would be a line of its own in a text index. */
static bool is_printable(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

static int take_strings(struct build *b, size_t module, enum fact_kind kind,
			struct graph_strings *ret)
{
	const struct facts *f = &b->entries[module].facts;
	const char **data;
	const uint32_t *ids;

	if (!f->counts[kind])
		return 0;
	ids = facts_ids(f, kind);
	data = arena_alloc(&b->graph.arena, f->counts[kind] * sizeof(*data));
	if (!data)
		return error_nomem(b->reterr);
	ret->data = data;
	for (size_t i = 0; i < f->counts[kind]; i++) {
		const char *value = f->names->list.data[ids[i]];
		struct lkm_error *e = NULL;

		if (is_printable(value)) {
			data[ret->count++] = value;
			continue;
		}
		FAIL(&e, TREE_ALIAS, KV_STR("file", b->files[module]->path),
		     KV_STR("alias", value),
		     KV_STR("why", "control characters"));
		if (!error_list_take(&b->scan.warnings, e))
			return error_nomem(b->reterr);
	}
	return 0;
}

static int fill_modules(struct build *b)
{
	struct graph *g = &b->graph;
	int rc = 0;

	g->modules = arena_zalloc(&g->arena, (b->scan.files.len + 1) *
						     sizeof(*g->modules));
	if (!g->modules)
		return error_nomem(b->reterr);
	g->count = b->scan.files.len;
	for (size_t i = 0; i < g->count && !rc; i++) {
		struct graph_module *m = &g->modules[i];

		m->name = b->files[i]->name;
		m->path = b->files[i]->path;
		m->index = (uint32_t)i;
		rc = take_strings(b, i, FACT_ALIAS, &m->aliases);
		if (!rc)
			rc = take_strings(b, i, FACT_SOFTDEP, &m->softdeps);
		if (!rc)
			rc = take_strings(b, i, FACT_WEAKDEP, &m->weakdeps);
	}
	return rc;
}

static int resolve(struct build *b)
{
	_cleanup_free_ struct facts *facts = NULL;
	struct graph *g = &b->graph;
	int rc;

	facts = calloc(g->count + 1, sizeof(*facts));
	if (!facts)
		return error_nomem(b->reterr);
	for (size_t i = 0; i < g->count; i++)
		facts[i] = b->entries[i].facts;
	rc = resolve_symbols(g, facts, b->reterr);
	return rc < 0 ? rc : resolve_deps(g, b->reterr);
}

/* All strings go over to the graph. */
static int finish(struct build *b, struct graph *ret)
{
	struct graph *g = &b->graph;

	for (size_t i = 0; i < b->policy.warnings.len; i++) {
		if (!error_list_take(&b->scan.warnings,
				     take_ptr(b->policy.warnings.data[i])))
			return error_nomem(b->reterr);
	}
	arena_adopt(&g->arena, &b->scan.strings);
	arena_adopt(&g->arena, &b->cache.names.strings);
	for (size_t i = 0; i < POOL_MAX; i++)
		arena_adopt(&g->arena, &b->readers[i].names.strings);
	g->warnings = b->scan.warnings;
	b->scan.warnings = (error_list){ 0 };
	*ret = *g;
	*g = (struct graph){ 0 };
	return 0;
}

static int build_all(struct build *b, struct graph *ret)
{
	int rc = load_policy(b);
	bool known;

	if (rc < 0)
		return rc;
	open_place(b);
	known = is_known_unwalked(b);
	if (!known)
		rc = find_files_and_cache(b);
	if (!rc && !known) {
		known = is_known(b);
		if (known)
			b->graph.count = b->scan.files.len;
		keep_walk(b);
	}
	if (!rc && known) {
		rc = finish(b, ret);
		return rc < 0 ? rc : 1;
	}
	if (!rc)
		rc = sort_files(b);
	if (!rc)
		rc = read_files(b);
	if (!rc)
		rc = take_jobs(b);
	if (!rc)
		rc = fill_modules(b);
	if (!rc)
		rc = resolve(b);
	if (!rc) {
		keep_in_cache(b);
		rc = finish(b, ret);
	}
	return rc;
}

int graph_build(const struct graph_options *options, struct graph *ret,
		struct lkm_error **reterr)
{
	struct build *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return error_nomem(reterr);
	b->options = options;
	b->reterr = reterr;
	b->place.dir = -1;
	rc = build_all(b, ret);
	for (size_t i = 0; i < b->job_count; i++)
		lkm_error_free(b->jobs[i].error);
	for (size_t i = 0; i < POOL_MAX; i++)
		reader_release(&b->readers[i]);
	cache_place_close(&b->place);
	cache_release(&b->cache);
	depmod_policy_release(&b->policy);
	scan_release(&b->scan);
	free(b->jobs);
	free(b->files);
	free(b->entries);
	free(b->keep);
	graph_release(&b->graph);
	free(b);
	return rc;
}

void graph_release(struct graph *graph)
{
	error_list_release(&graph->warnings);
	arena_release(&graph->arena);
	*graph = (struct graph){ 0 };
}
