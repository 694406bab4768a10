// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing the indexes of a tree, or seeing that there is nothing to do.
#include "tree/index.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/pool.h"
#include "base/strbuf.h"
#include "diag/error.h"
#include "tree/index-reader.h"

#define INPUT_BYTES_MAX ((size_t)16 << 20)

/* --- what is known from the last run ------------------------------------- */

static void stamp_name(const struct index_run *run, char *ret, size_t size)
{
	snprintf(ret, size, "index-%016" PRIx64,
		 cache_hash(0, run->out_dir, strlen(run->out_dir)));
}

static int output_open(const struct index_run *run, size_t i, struct stat *st)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	int fd;

	if (!strbuf_addf(&path, "%s/%s", run->out_dir, index_output_name(i)))
		return -1;
	fd = root_openat(&run->root, path.data,
			 O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Of what the index files are; 0: one is missing, or not at rest at @time. */
static uint64_t output_files(const struct index_run *run, int64_t time)
{
	uint64_t h = 1;

	for (size_t i = 0; index_output_name(i); i++) {
		struct file_id id;
		struct stat st;
		_cleanup_close_ int fd = output_open(run, i, &st);

		if (fd < 0)
			return 0;
		id = file_id_of(&st);
		if (!file_id_rests(&id, time))
			return 0;
		h = cache_hash(h, &id, sizeof(id));
	}
	return h;
}

/* As index_write_set() has it, of the files; 0: one is missing, or changed. */
static uint64_t output_content(const struct index_run *run)
{
	uint64_t h = 1;

	for (size_t i = 0; index_output_name(i); i++) {
		_cleanup_free_ char *text = NULL;
		struct stat st;
		_cleanup_close_ int fd = output_open(run, i, &st);
		size_t size;

		if (fd < 0 || (st.st_mode & 07777) != INDEX_FILE_MODE ||
		    fd_read_all(fd, INDEX_FILE_MAX, &text, &size) < 0)
			return 0;
		h = index_content_add(h, text ? text : "", size);
	}
	return h;
}

static void put_stamps(struct index_run *run, uint64_t tree, uint64_t content)
{
	int64_t now = cache_clock();
	uint64_t stamps[STAMPS] = {
		[STAMP_TREE] = tree,
		[STAMP_INPUT] = run->input_hash,
		[STAMP_CONTENT] = content,
		[STAMP_FILES] = output_files(run, now),
		[STAMP_TIME] = (uint64_t)now,
	};
	char name[40];

	stamp_name(run, name, sizeof(name));
	/* A failure costs time at the next run, nothing now. */
	(void)!cache_put_bytes(&run->place, name, stamps, sizeof(stamps));
}

/*
 * Are the index files as they were written?  Where the times of one do not show
 * that nobody touched it, its content does: damage is mended.
 */
static bool known_holds(void *ctx)
{
	struct index_run *run = ctx;
	const uint64_t *known = run->known;
	uint64_t files = output_files(run, (int64_t)known[STAMP_TIME]);

	if (files && files == known[STAMP_FILES])
		return true;
	if (output_content(run) != known[STAMP_CONTENT])
		return false;
	/* The next run need not read them. */
	put_stamps(run, known[STAMP_TREE], known[STAMP_CONTENT]);
	return true;
}

/* What graph_build() may take for known. */
static void find_known(struct index_run *run, struct graph_options *graph)
{
	char name[40];

	if (run->place.dir < 0)
		return;
	stamp_name(run, name, sizeof(name));
	if (!cache_get_numbers(&run->place, name, run->known, STAMPS) ||
	    run->known[STAMP_INPUT] != run->input_hash)
		return;
	graph->known_fingerprint = run->known[STAMP_TREE];
	graph->known_holds = known_holds;
	graph->known_ctx = run;
}

/* Without a cache, as `depmod -A`: is every index newer than every module? */
static void find_newer(struct index_run *run, struct graph_options *graph)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; index_output_name(i); i++) {
		struct file_id id;
		struct stat st;
		_cleanup_close_ int fd = output_open(run, i, &st);

		if (fd < 0)
			return;
		id = file_id_of(&st);
		oldest = MIN_OF(oldest, id.mtime);
	}
	graph->known_time = oldest;
}

static void remember(struct index_run *run)
{
	/* What was warned of is to be warned of again. */
	if (run->fileset && run->place.dir >= 0 && run->graph.fingerprint &&
	    !run->graph.warnings.len)
		put_stamps(run, run->graph.fingerprint, run->content_hash);
}

/* --- the steps ----------------------------------------------------------- */

static bool is_release(const char *release)
{
	return *release && strcmp(release, ".") != 0 &&
	       strcmp(release, "..") != 0 && !strchr(release, '/') &&
	       !strchr(release, '\n');
}

static char *dir_of(const char *parent, const char *release)
{
	struct strbuf b = { 0 };

	strbuf_addf(&b, "%s/%s", parent ? parent : "/lib/modules", release);
	return strbuf_take(&b);
}

static int set_names(struct index_run *run)
{
	const struct lkm_index_options *o = run->options;
	const char *release = o->release;
	struct utsname u;

	if (!release) {
		if (uname(&u) < 0)
			return error_system(run->reterr, errno, "name",
					    "the running kernel");
		release = u.release;
	}
	if (!is_release(release))
		return FAIL(run->reterr, TREE_RELEASE,
			    KV_STR("release", release));
	run->release = strdup(release);
	run->dir = dir_of(o->dir, release);
	run->out_dir = dir_of(o->output_dir ? o->output_dir : o->dir, release);
	if (!run->release || !run->dir || !run->out_dir)
		return error_nomem(run->reterr);
	return 0;
}

/* The directory of modules: its identity finds the cache. */
static int open_tree(struct index_run *run)
{
	const struct lkm_tree_options tree_options = {
		.size = sizeof(tree_options),
		.root = run->options->root,
		.release = run->release,
		.dir = run->options->dir,
		.flags = LKM_TREE_SCAN,
	};
	_cleanup_close_ int fd = root_openat(&run->root, run->dir,
					     O_RDONLY | O_DIRECTORY);
	struct lkm_tree *tree = NULL;
	struct file_id id;
	struct stat st;
	int rc;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		id = file_id_of(&st);
		if (!(run->options->flags & LKM_INDEX_NO_CACHE))
			run->place = tree_cache_place(run->release, &id);
		return 0;
	}
	/* Opening a tree knows best how to say that there is none. */
	rc = lkm_tree_open(&tree_options, &tree, run->reterr);
	lkm_tree_free(tree);
	return rc < 0 ? rc : error_system(run->reterr, fd, "open", run->dir);
}

/* From here on we are the only indexer of this tree. */
static int lock(struct index_run *run)
{
	int rc = 0;

	if (run->options->flags & LKM_INDEX_DRY_RUN)
		return 0;
	if (run->options->output_dir)
		rc = root_mkdirs(&run->root, run->out_dir);
	if (!rc)
		rc = fileset_begin(&run->root, run->out_dir, &run->fileset);
	return rc < 0 ? error_system(run->reterr, rc, "write indexes in",
				     run->out_dir) :
			0;
}

/* A file that a kernel's build left; it may be absent. */
static int read_input(struct index_run *run, const char *name, char **ret,
		      size_t *ret_size)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	int rc;

	if (!strbuf_addf(&path, "%s/%s", run->dir, name))
		return error_nomem(run->reterr);
	rc = root_read(&run->root, path.data, INPUT_BYTES_MAX, ret, ret_size);
	if (rc < 0 && rc != -ENOENT)
		return error_system(run->reterr, rc, "read", path.data);
	if (!rc)
		run->input_hash = cache_hash(run->input_hash, *ret, *ret_size);
	return 0;
}

static int read_inputs(struct index_run *run)
{
	_cleanup_free_ char *order = NULL;
	size_t size;
	int rc = read_input(run, "modules.builtin", &run->builtin_list,
			    &run->builtin_list_size);

	if (!rc)
		rc = read_input(run, "modules.builtin.modinfo",
				&run->builtin_text, &run->builtin_text_size);
	/* The graph reads it again, if there is one to be built. */
	if (!rc && !(run->options->flags & LKM_INDEX_NO_CACHE))
		rc = read_input(run, "modules.order", &order, &size);
	return rc;
}

static int parse_builtin(struct index_run *run)
{
	int rc = builtin_parse(&run->builtin,
			       (struct span){ (uint8_t *)run->builtin_text,
					      run->builtin_text_size });

	if (rc == -LKM_ELIMIT)
		return FAIL(run->reterr, TREE_BUILTIN_LIMIT,
			    KV_STR("file", "modules.builtin.modinfo"),
			    KV_NUM("limit", BUILTIN_ENTRIES_MAX));
	return rc < 0 ? error_nomem(run->reterr) : 0;
}

/* As graph_build() */
static int build(struct index_run *run)
{
	const struct lkm_index_options *o = run->options;
	struct graph_options graph = {
		.root = &run->root,
		.dir = run->dir,
		.release = run->release,
		.config_paths = o->config_paths,
		.config_count = o->config_count,
		.files = o->files,
		.file_count = o->file_count,
		.no_cache = o->flags & LKM_INDEX_NO_CACHE,
		.threads = run->threads,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};

	if (!o->output)
		find_known(run, &graph);
	if (!graph.known_fingerprint && (o->flags & LKM_INDEX_QUICK) &&
	    run->place.dir < 0)
		find_newer(run, &graph);
	return graph_build(&graph, &run->graph, run->reterr);
}

static int run_all(struct index_run *run)
{
	int rc = set_names(run);

	if (!rc)
		rc = open_tree(run);
	if (!rc)
		rc = lock(run);
	if (!rc)
		rc = read_inputs(run);
	if (!rc)
		rc = build(run);
	if (rc == 1) {
		run->graph.cached = run->graph.count;
		return 0;
	}
	if (!rc)
		rc = parse_builtin(run);
	if (!rc)
		rc = index_write_set(run);
	if (!rc)
		remember(run);
	return rc;
}

static int report(struct index_run *run, struct lkm_index_report **ret)
{
	struct lkm_index_report *r = calloc(1, sizeof(*r));

	if (!r)
		return error_nomem(run->reterr);
	r->modules = run->graph.count;
	r->read = run->graph.read;
	r->cached = run->graph.cached;
	r->files_changed = run->changed;
	r->warning_count = run->graph.warnings.len;
	r->warnings = run->graph.warnings.data;
	run->graph.warnings = (error_list){ 0 };
	*ret = r;
	return 0;
}

int lkm_index_write(const struct lkm_index_options *options,
		    struct lkm_index_report **ret, struct lkm_error **reterr)
{
	static const struct lkm_index_options none = { .size = sizeof(none) };
	struct index_run run = {
		.options = options ? options : &none,
		.reterr = reterr,
		.root = ROOT_HOST,
		.place = { -1 },
	};
	int rc = root_open(&run.root, run.options->root);

	run.threads = run.options->threads;
	if (!run.threads)
		run.threads = pool_default_threads();
	if (rc < 0)
		rc = error_system(reterr, rc, "open", run.options->root);
	else
		rc = run_all(&run);
	if (!rc && ret)
		rc = report(&run, ret);
	fileset_end(run.fileset);
	cache_place_close(&run.place);
	graph_release(&run.graph);
	builtin_release(&run.builtin);
	root_release(&run.root);
	free(run.builtin_list);
	free(run.builtin_text);
	free(run.release);
	free(run.dir);
	free(run.out_dir);
	return rc;
}

void lkm_index_report_free(struct lkm_index_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->warning_count; i++)
		lkm_error_free(report->warnings[i]);
	free(report->warnings);
	free(report);
}
