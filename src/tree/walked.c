// SPDX-License-Identifier: LGPL-2.1-or-later
// What a walk through a tree found, to see without walking that it is the same.
#include "tree/walked.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/pool.h"
#include "base/strbuf.h"
#include "base/text.h"

#define WALKED_VERSION 2
#define WALKED_PATHS_MAX ((size_t)2 * SCAN_MODULES_MAX)

/* Begins the file; then come the paths, each with its NUL. */
struct header {
	uint64_t key;
	uint64_t folders; /* of their identities, in order */
	uint64_t ids;	  /* of all identities: the files' are the last */
	uint64_t top;	  /* of the names in the main directory */
	uint64_t paths;
	uint64_t files; /* of these, the last */
};

static uint64_t key_of(const struct walked_key *k)
{
	const struct depmod_policy *p = k->policy;
	uint64_t h = cache_hash(WALKED_VERSION, &k->fingerprint,
				sizeof(k->fingerprint));

	for (size_t i = 0; i < p->searches.len; i++) {
		const struct depmod_search *s = &p->searches.data[i];

		h = cache_hash(h + s->kind + 1, s->folder ? s->folder : "",
			       s->folder ? strlen(s->folder) : 0);
	}
	for (size_t i = 0; i < p->overrides.len; i++)
		h = cache_hash(h + 1, p->overrides.data[i],
			       strlen(p->overrides.data[i]));
	for (size_t i = 0; i < p->excludes.len; i++)
		h = cache_hash(h + 2, p->excludes.data[i],
			       strlen(p->excludes.data[i]));
	return h;
}

/*
 * Of the names that a walk looks at, in any order; an index that was written
 * has none of them.  0: cannot be read.
 */
static uint64_t top_of(int dir, const struct depmod_policy *policy)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	uint64_t sum = 1;
	size_t stem;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((e = readdir(d)))
		if (!scan_skips(policy, e->d_name) &&
		    (e->d_type != DT_REG || module_file_stem(e->d_name, &stem)))
			sum += cache_hash(e->d_type, e->d_name,
					  strlen(e->d_name));
	closedir(d);
	return sum ? sum : 1;
}

void walked_save(const struct cache_place *place, const char *file,
		 const struct walked_key *key, const struct scan *scan,
		 int64_t time)
{
	struct header h = { .key = key_of(key), .files = scan->files.len };
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_close_ int dir = root_openat(key->root, key->dir,
					      O_RDONLY | O_DIRECTORY);

	if (dir < 0 || !scan->is_plain || !key->fingerprint)
		return;
	h.top = top_of(dir, key->policy);
	h.paths = scan->folders.len + scan->files.len;
	strbuf_add(&b, &h, sizeof(h));
	for (size_t i = 0; i < scan->folders.len; i++) {
		const struct scan_folder *f = &scan->folders.data[i];

		if (!file_id_rests(&f->id, time))
			return;
		h.ids = cache_hash(h.ids, &f->id, sizeof(f->id));
		strbuf_add(&b, f->path, strlen(f->path) + 1);
	}
	h.folders = h.ids;
	for (size_t i = 0; i < scan->files.len; i++) {
		const struct scan_file *f = &scan->files.data[i];

		h.ids = cache_hash(h.ids, &f->id, sizeof(f->id));
		strbuf_add(&b, f->path, strlen(f->path) + 1);
	}
	if (b.failed || h.paths > WALKED_PATHS_MAX)
		return;
	memcpy(b.data, &h, sizeof(h));
	(void)!cache_put_bytes(place, file, b.data, b.len);
}

struct look {
	int dir;
	const char **paths;
	struct file_id *ids;
	size_t count;
	size_t next, end; /* of these, in work */
	unsigned int threads;
};

#define LOOK_CHUNK 128

static void look_at_some(void *ctx, unsigned int worker, size_t item)
{
	struct look *l = ctx;
	size_t begin = l->next + item * LOOK_CHUNK;
	size_t end = MIN_OF(begin + LOOK_CHUNK, l->end);
	struct stat st;

	for (size_t i = begin; i < end; i++)
		if (!fstatat(l->dir, l->paths[i], &st, AT_SYMLINK_NOFOLLOW))
			l->ids[i] = file_id_of(&st);
}

/* The hash that is @hash before the next ones, up to @end. */
static uint64_t look_at(struct look *l, size_t end, uint64_t hash)
{
	l->end = end;
	pool_run(pool_short_threads(l->threads),
		 (end - l->next + LOOK_CHUNK - 1) / LOOK_CHUNK, look_at_some,
		 l);
	for (; l->next < end; l->next++)
		hash = cache_hash(hash, &l->ids[l->next], sizeof(*l->ids));
	return hash;
}

static bool find_paths(const char *text, size_t size, struct look *l)
{
	const char *p = text, *end = text + size;

	for (size_t i = 0; i < l->count; i++) {
		const char *nul = memchr(p, '\0', (size_t)(end - p));

		if (!nul)
			return false;
		l->paths[i] = p;
		p = nul + 1;
	}
	return p == end;
}

static bool is_same(const struct header *h, const char *text, size_t size,
		    struct look *l)
{
	_cleanup_free_ const char **paths = calloc(h->paths + 1,
						   sizeof(*paths));
	_cleanup_free_ struct file_id *ids = calloc(h->paths + 1, sizeof(*ids));
	uint64_t hash;

	l->paths = paths;
	l->ids = ids;
	l->count = h->paths;
	if (!paths || !ids || !find_paths(text, size, l))
		return false;
	/* What comes or goes is seen at its folder: files are many more. */
	hash = look_at(l, h->paths - h->files, 0);
	return hash == h->folders && look_at(l, l->count, hash) == h->ids;
}

bool walked_is_same(const struct cache_place *place, const char *file,
		    const struct walked_key *key, unsigned int threads,
		    size_t *ret_count)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_close_ int dir = -1;
	struct look look = { .threads = threads };
	struct header h;
	size_t size;

	/* What was warned of is to be warned of again. */
	if (key->policy->externals.len || key->policy->warnings.len ||
	    !cache_get_bytes(place, file, &bytes, &size) || size < sizeof(h))
		return false;
	memcpy(&h, bytes, sizeof(h));
	if (h.key != key_of(key) || h.paths > WALKED_PATHS_MAX ||
	    h.files > h.paths)
		return false;
	dir = root_openat(key->root, key->dir, O_RDONLY | O_DIRECTORY);
	look.dir = dir;
	if (dir < 0 || top_of(dir, key->policy) != h.top ||
	    !is_same(&h, bytes + sizeof(h), size - sizeof(h), &look))
		return false;
	*ret_count = h.files;
	return true;
}
