// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding the module files of a tree, one for each name.
#include "tree/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/pool.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"

#define SCAN_BATCH ((size_t)32 << 10)
#define SCAN_STATS 128 /* files that a thread looks at in one go */

struct walk {
	const struct scan_options *options;
	struct scan *scan;
	struct lkm_error **reterr;
	struct strbuf path; /* of the folder, below the root, with '/' */
	size_t base;	    /* where a path as in the index begins in it */
	int top;	    /* the main directory, for later; -1: not open */
	unsigned int layer;
	char *batch[SCAN_DEPTH_MAX + 1]; /* names of the folder of a depth */
	struct map visits; /* "DEV:INO" of a folder: how often entered */
	int above[SCAN_DEPTH_MAX]; /* the open folders on the way here */
};

bool error_list_take(error_list *list, struct lkm_error *e)
{
	if (!e || vec_push(list, e))
		return true;
	lkm_error_free(e);
	return false;
}

void error_list_release(error_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		lkm_error_free(list->data[i]);
	vec_release(list);
}

static int scan_warn(struct walk *w, struct lkm_error *e)
{
	if (!error_list_take(&w->scan->warnings, e))
		return error_nomem(w->reterr);
	return 0;
}

static int scan_warn_errno(struct walk *w, int err, const char *what,
			   const char *file)
{
	struct lkm_error *e = NULL;

	if (err == ENOMEM || err == -ENOMEM)
		return error_nomem(w->reterr);
	error_system(&e, err, what, file);
	return scan_warn(w, e);
}

static void scan_saw(struct scan *s, const struct file_id *id)
{
	s->newest = MAX_OF(s->newest, MAX_OF(id->mtime, id->ctime));
}

/*
 * The name as kmod takes it from a file's: up to the first '.'.  The kernel's
 * longest name has MODULE_NAME_MAX - 1 characters: a longer one cannot load.
 */
static bool name_of(const char *file, char ret[static MODULE_NAME_MAX])
{
	size_t len = strcspn(file, ".");

	if (!len || len >= MODULE_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = file[i] == '-' ? '_' : file[i];
	ret[len] = '\0';
	return true;
}

/* Two files of one name: which it is; 1: the new one. */
static int scan_choose(struct walk *w, const struct scan_file *now,
		       const struct scan_file *before)
{
	const struct depmod_file a = { now->path, now->stem };
	const struct depmod_file b = { before->path, before->stem };
	struct lkm_error *e = NULL;
	bool wins;

	if (now->layer != before->layer)
		return now->layer > before->layer;
	wins = depmod_policy_prefers(w->options->policy, &a, &b);
	/*
	 * If neither order of finding them lets the same one win; over a link
	 * it may well be one file.
	 */
	if (!now->linked && !before->linked &&
	    wins == depmod_policy_prefers(w->options->policy, &b, &a)) {
		FAIL(&e, TREE_DUPLICATE, KV_STR("module", now->name),
		     KV_STR("used", wins ? now->path : before->path),
		     KV_STR("other", wins ? before->path : now->path));
		if (scan_warn(w, e) < 0)
			return -LKM_ENOMEM;
	}
	return wins;
}

static int scan_keep(struct walk *w, struct scan_file *file)
{
	struct scan *s = w->scan;
	struct map_slot *slot = map_slot_of(&s->by_name, file->name);
	int rc;

	if (!slot)
		return error_nomem(w->reterr);
	if (slot->value) {
		struct scan_file
			*before = &s->files.data[(uintptr_t)slot->value - 1];

		rc = scan_choose(w, file, before);
		if (rc == 1) {
			file->name = before->name;
			*before = *file;
		}
		return rc < 0 ? rc : 0;
	}
	if (s->files.len >= SCAN_MODULES_MAX)
		return FAIL(w->reterr, TREE_LIMIT,
			    KV_STR("dir", w->options->dir),
			    KV_NUM("limit", SCAN_MODULES_MAX));
	file->name = slot->key = arena_strdup(&s->strings, file->name);
	if (!file->name || !vec_push(&s->files, *file))
		return error_nomem(w->reterr);
	slot->value = (void *)s->files.len;
	return 0;
}

/* A file whose name ends like a module's, at w->path. */
static int scan_file(struct walk *w, const char *file, size_t stem,
		     const struct stat *st, bool linked)
{
	char name[MODULE_NAME_MAX];
	struct scan_file f = { .name = name,
			       .layer = w->layer,
			       .linked = linked };
	struct lkm_error *e = NULL;

	if (!name_of(file, name)) {
		FAIL(&e, TREE_NAME, KV_STR("file", w->path.data),
		     KV_NUM("limit", MODULE_NAME_MAX - 1));
		return scan_warn(w, e);
	}
	f.path = arena_strdup(&w->scan->strings, w->path.data + w->base);
	if (!f.path)
		return error_nomem(w->reterr);
	f.stem = strlen(f.path) - strlen(file) + stem;
	if (st) {
		f.id = file_id_of(st);
		scan_saw(w->scan, &f.id);
	}
	return scan_keep(w, &f);
}

/* Count an entry into the folder; false: it was entered too often. */
static int scan_count_visit(struct walk *w, const struct stat *st)
{
	struct map_slot *slot;
	char key[48];

	snprintf(key, sizeof(key), "%ju:%ju", (uintmax_t)st->st_dev,
		 (uintmax_t)st->st_ino);
	slot = map_slot_of(&w->visits, key);
	if (!slot)
		return error_nomem(w->reterr);
	if (!slot->value) {
		slot->key = arena_strdup(&w->scan->strings, key);
		if (!slot->key)
			return error_nomem(w->reterr);
	}
	if ((uintptr_t)slot->value >= SCAN_VISITS_MAX)
		return 0;
	slot->value = (char *)slot->value + 1;
	return 1;
}

/* The folder at w->path is about to be entered. */
static int scan_keep_folder(struct walk *w, const struct file_id *id)
{
	struct scan_folder f = { .id = *id };

	scan_saw(w->scan, id);
	if (!w->options->want_folders)
		return 0;
	f.path = arena_strdup(&w->scan->strings, w->path.data + w->base);
	if (!f.path || !vec_push(&w->scan->folders, f))
		return error_nomem(w->reterr);
	return 0;
}

/*
 * May the open folder @fd be entered?  Over a link not below itself, and not
 * too often: links can make a maze that has no loop and yet no end worth
 * waiting for.
 */
static int scan_may_enter(struct walk *w, int fd, size_t depth, bool linked)
{
	struct file_id id;
	struct stat st, above;

	w->above[depth] = fd;
	if (!linked && !w->options->want_newest && !w->options->want_folders)
		return 1;
	if (fstat(fd, &st) < 0)
		return 0;
	/* The top changes with each index that is written into it. */
	id = file_id_of(&st);
	if (depth && scan_keep_folder(w, &id) < 0)
		return -LKM_ENOMEM;
	if (!linked)
		return 1;
	for (size_t i = 0; i < depth; i++) {
		if (fstat(w->above[i], &above) == 0 &&
		    above.st_dev == st.st_dev && above.st_ino == st.st_ino)
			return 0;
	}
	return scan_count_visit(w, &st);
}

static int scan_folder(struct walk *w, int fd, size_t depth, bool linked);

/* Links in a root that is not ours may only lead to places inside it. */
static int scan_open(struct walk *w, int dir, const char *name, int flags,
		     bool is_link)
{
	int fd;

	if (is_link && !root_is_host(w->options->root))
		return root_openat(w->options->root, w->path.data, flags);
	fd = openat(dir, name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int scan_enter(struct walk *w, int dir, const char *name, bool is_link,
		      size_t depth, bool linked)
{
	int fd, rc;

	if (depth >= SCAN_DEPTH_MAX)
		return scan_warn_errno(w, ELOOP, "enter", w->path.data);
	fd = scan_open(w, dir, name, O_RDONLY | O_DIRECTORY, is_link);
	if (fd < 0)
		return scan_warn_errno(w, fd, "open", w->path.data);
	rc = scan_may_enter(w, fd, depth, linked);
	if (rc > 0 && !strbuf_addc(&w->path, '/'))
		rc = error_nomem(w->reterr);
	if (rc <= 0) {
		close(fd);
		return rc;
	}
	return scan_folder(w, fd, depth + 1, linked);
}

static int scan_stat(struct walk *w, int dir, const char *name, bool is_link,
		     struct stat *ret)
{
	_cleanup_close_ int fd = -1;

	if (!is_link || root_is_host(w->options->root))
		return fstatat(dir, name, ret, 0) < 0 ? -errno : 0;
	fd = scan_open(w, dir, name, O_PATH, true);
	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

/*
 * Files of the main directory to which no link leads are found again from its
 * top, so they can be looked at together, by several threads: scan_stats().
 */
static bool scan_is_for_later(const struct walk *w, bool linked)
{
	return w->top >= 0 && w->base && !linked;
}

/* One name of a folder; w->path ends with it. */
static int scan_entry(struct walk *w, int dir, const struct dirent64 *d,
		      size_t depth, bool linked)
{
	bool is_module, is_link = d->d_type == DT_LNK;
	bool is_folder = d->d_type == DT_DIR, statted = false;
	struct stat st;
	size_t stem;

	is_module = module_file_stem(d->d_name, &stem);
	if (d->d_type != DT_REG && d->d_type != DT_DIR) {
		w->scan->is_plain = false;
		int rc = scan_stat(w, dir, d->d_name, true, &st);

		/* A link that leads nowhere matters if a module stood there. */
		if (rc < 0)
			return is_module ? scan_warn_errno(w, rc, "read",
							   w->path.data) :
					   0;
		is_folder = S_ISDIR(st.st_mode);
		statted = true;
		if (!is_folder && !S_ISREG(st.st_mode))
			return 0;
	}
	if (is_folder)
		return scan_enter(w, dir, d->d_name, is_link, depth,
				  linked || is_link);
	if (!is_module)
		return 0;
	if (w->options->want_ids && !statted && !scan_is_for_later(w, linked)) {
		int rc = scan_stat(w, dir, d->d_name, is_link, &st);

		if (rc == -ENOENT)
			return 0;
		if (rc < 0)
			return scan_warn_errno(w, rc, "read", w->path.data);
		statted = true;
	}
	return scan_file(w, d->d_name, stem,
			 w->options->want_ids && statted ? &st : NULL,
			 linked || is_link);
}

bool scan_skips(const struct depmod_policy *policy, const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..") ||
	       !strcmp(name, "build") || !strcmp(name, "source") ||
	       depmod_policy_excludes(policy, name);
}

/* The next batch of names of a folder into the buffer of its depth. */
static ssize_t scan_batch(struct walk *w, int fd, size_t depth)
{
	ssize_t n;

	if (!w->batch[depth])
		w->batch[depth] = malloc(SCAN_BATCH);
	if (!w->batch[depth])
		return -ENOMEM;
	n = getdents64(fd, w->batch[depth], SCAN_BATCH);
	return n < 0 ? -errno : n;
}

static int scan_names(struct walk *w, int fd, size_t depth, bool linked)
{
	size_t len = w->path.len;
	ssize_t n;
	int rc = 0;

	while (!rc && (n = scan_batch(w, fd, depth)) > 0) {
		const struct dirent64 *d;

		for (ssize_t i = 0; i < n && !rc; i += d->d_reclen) {
			d = (const void *)(w->batch[depth] + i);
			if (scan_skips(w->options->policy, d->d_name))
				continue;
			w->path.len = len;
			if (strbuf_adds(&w->path, d->d_name))
				rc = scan_entry(w, fd, d, depth, linked);
			else
				rc = error_nomem(w->reterr);
		}
	}
	w->path.len = len;
	w->path.data[len] = '\0';
	if (!rc && n < 0)
		rc = scan_warn_errno(w, (int)n, "read", w->path.data);
	return rc;
}

/*
 * All of an open folder, which is taken over, in the order that the file
 * system gives: of equal files kmod takes the first (or last) found.  Without
 * opendir(), whose calls would be a fifth of the time of a run that finds
 * nothing to do.
 */
static int scan_folder(struct walk *w, int fd, size_t depth, bool linked)
{
	int rc = scan_names(w, fd, depth, linked);

	close(fd);
	return rc;
}

/* @dir's modules; @absolute: their paths stay whole. */
static int scan_top(struct walk *w, const char *dir, bool absolute,
		    bool may_be_absent)
{
	int fd, rc;

	w->path.len = 0;
	if (!strbuf_addf(&w->path, "%s", dir))
		return error_nomem(w->reterr);
	fd = root_openat(w->options->root, dir, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT && may_be_absent)
		return 0;
	if (fd < 0)
		return error_system(w->reterr, fd, "open", dir);
	rc = scan_may_enter(w, fd, 0, false);
	if (rc > 0 && !strbuf_addc(&w->path, '/'))
		rc = error_nomem(w->reterr);
	if (rc <= 0) {
		close(fd);
		return rc;
	}
	w->base = absolute ? 0 : w->path.len;
	if (!absolute && w->options->want_ids)
		w->top = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return scan_folder(w, fd, 1, false);
}

/* A file that was named instead of found. */
static int scan_given(struct walk *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = strlen(w->options->dir);
	_cleanup_close_ int fd = root_openat(w->options->root, path, O_PATH);
	struct stat st;
	size_t stem;

	if (fd >= 0 && fstat(fd, &st) < 0)
		return error_system(w->reterr, errno, "open", path);
	if (fd < 0 || !slash || !module_file_stem(slash + 1, &stem))
		return error_system(w->reterr, fd < 0 ? fd : EINVAL, "open",
				    path);
	w->path.len = 0;
	if (!strbuf_adds(&w->path, path))
		return error_nomem(w->reterr);
	w->base = 0;
	if (!strncmp(path, w->options->dir, len) && path[len] == '/')
		w->base = len + 1;
	return scan_file(w, slash + 1, stem, &st, false);
}

static int scan_all(struct walk *w)
{
	const struct scan_options *o = w->options;
	int rc = 0;

	w->scan->is_plain = o->dir && !o->file_count && !o->layer_count &&
			    !o->policy->externals.len;
	for (size_t i = 0; !rc && i < o->file_count; i++)
		rc = scan_given(w, o->files[i]);
	if (o->file_count)
		return rc;
	rc = o->dir ? scan_top(w, o->dir, false, false) : 0;

	for (size_t i = o->policy->externals.len; o->dir && !rc && i-- > 0;)
		rc = scan_top(w, o->policy->externals.data[i], true, true);
	for (size_t i = 0; !rc && i < o->layer_count; i++) {
		w->layer = (unsigned int)i + 1;
		rc = scan_top(w, o->layers[i], true, false);
	}
	return rc;
}

struct stats {
	struct walk *walk;
	int *errors; /* of each file */
};

static void scan_some_stats(void *ctx, unsigned int worker, size_t item)
{
	struct stats *s = ctx;
	struct scan *scan = s->walk->scan;
	size_t end = MIN_OF((item + 1) * SCAN_STATS, scan->files.len);

	for (size_t i = item * SCAN_STATS; i < end; i++) {
		struct scan_file *f = &scan->files.data[i];
		struct stat st;

		if (f->id.ino)
			continue;
		if (fstatat(s->walk->top, f->path, &st, AT_SYMLINK_NOFOLLOW))
			s->errors[i] = errno;
		else
			f->id = file_id_of(&st);
	}
}

/* The identities that scan_entry() left for later. */
static int scan_stats(struct walk *w)
{
	size_t n = w->scan->files.len;
	_cleanup_free_ int *errors = calloc(n + 1, sizeof(*errors));
	struct stats stats = { w, errors };
	int rc = 0;

	if (!errors)
		return error_nomem(w->reterr);
	pool_run(pool_short_threads(w->options->threads),
		 (n + SCAN_STATS - 1) / SCAN_STATS, scan_some_stats, &stats);
	for (size_t i = 0; i < n && !rc; i++) {
		const struct scan_file *f = &w->scan->files.data[i];

		scan_saw(w->scan, &f->id);
		/* What went away meanwhile is missed when it is read. */
		if (errors[i] && errors[i] != ENOENT)
			rc = scan_warn_errno(w, errors[i], "read", f->path);
	}
	return rc;
}

int scan_tree(const struct scan_options *options, struct scan *ret,
	      struct lkm_error **reterr)
{
	struct scan scan = { 0 };
	struct walk w = {
		.options = options, .scan = &scan, .reterr = reterr, .top = -1
	};
	int rc = scan_all(&w);

	if (!rc && w.top >= 0)
		rc = scan_stats(&w);
	if (w.top >= 0)
		close(w.top);
	map_release(&w.visits);
	for (size_t i = 0; i < ARRAY_SIZE(w.batch); i++)
		free(w.batch[i]);
	strbuf_release(&w.path);
	if (rc < 0)
		scan_release(&scan);
	else
		*ret = scan;
	return rc;
}

void scan_release(struct scan *s)
{
	vec_release(&s->files);
	vec_release(&s->folders);
	map_release(&s->by_name);
	error_list_release(&s->warnings);
	arena_release(&s->strings);
}
