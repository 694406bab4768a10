// SPDX-License-Identifier: LGPL-2.1-or-later
// Directories of configuration files, merged by name.
#include "policy/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "diag/error.h"

/* What came first has precedence. */
static const char *const bases[] = { "/etc", "/run", "/usr/local/lib",
				     "/usr/lib", "/lib" };

const char *conf_base(size_t i)
{
	return i < ARRAY_SIZE(bases) ? bases[i] : NULL;
}

void conf_files_release(struct conf_files *f)
{
	vec_release(&f->files);
	arena_release(&f->strings);
	*f = (struct conf_files){ 0 };
}

/* Insert behind its equals: the set stays sorted, precedence kept. */
bool conf_files_add(struct conf_files *f, const char *name, const char *path,
		    bool asked)
{
	struct conf_file file = { arena_strdup(&f->strings, name),
				  arena_strdup(&f->strings, path), asked };
	size_t i;

	if (!file.name || !file.path || !vec_push(&f->files, file))
		return false;
	for (i = f->files.len - 1; i; i--) {
		if (strcmp(f->files.data[i - 1].name, name) <= 0)
			break;
		f->files.data[i] = f->files.data[i - 1];
	}
	f->files.data[i] = file;
	return true;
}

static bool name_is_wanted(const char *name, const char *ending)
{
	if (name[0] == '.' || strlen(name) < strlen("x.conf"))
		return false;
	return text_ends(name, ".conf") || (ending && text_ends(name, ending));
}

/* 0, or negative errno; -ENOMEM too. */
static int conf_add_folder(struct conf_files *f, const struct root *r,
			   const char *folder, const char *ending)
{
	size_t count = 0;
	char **names;
	int rc = root_list(r, folder, CONF_FILES_MAX, &names, &count);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count && !rc; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (!name_is_wanted(names[i], ending))
			continue;
		if (!strbuf_addf(&path, "%s/%s", folder, names[i]) ||
		    !conf_files_add(f, names[i], path.data, false))
			rc = -ENOMEM;
	}
	root_free_names(names, count);
	return rc;
}

static int conf_fail(struct lkm_error **reterr, int rc, const char *path)
{
	if (rc == -E2BIG)
		return FAIL(reterr, POLICY_LIMIT, KV_STR("file", path),
			    KV_NUM("limit", CONF_FILES_MAX),
			    KV_STR("what", "entries"));
	if (rc == -EFBIG)
		return FAIL(reterr, POLICY_LIMIT, KV_STR("file", path),
			    KV_NUM("limit", CONF_FILE_MAX),
			    KV_STR("what", "bytes"));
	return error_system(reterr, rc, "read", path);
}

/* Is there nothing here that we may see?  That is no failure. */
static bool is_absent(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES ||
	       rc == -EPERM || rc == -ELOOP;
}

int conf_files_find(struct conf_files *f, const struct root *r,
		    const struct conf_search *s, struct lkm_error **reterr)
{
	bool given = s->path_count || s->only_paths;
	size_t count = given ? s->path_count : ARRAY_SIZE(bases);

	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		const char *slash;
		int rc;

		if (given)
			strbuf_adds(&path, s->paths[i]);
		else
			strbuf_addf(&path, "%s/%s", bases[i], s->folder);
		if (path.failed)
			return error_nomem(reterr);
		rc = conf_add_folder(f, r, path.data, s->ending);
		if (!rc || (is_absent(rc) && !given))
			continue;
		/* A file by its own name, whatever that ends in. */
		slash = strrchr(path.data, '/');
		if (is_absent(rc))
			rc = conf_files_add(f, slash ? slash + 1 : path.data,
					    path.data, true) ?
				     0 :
				     -ENOMEM;
		if (rc < 0)
			return conf_fail(reterr, rc, path.data);
	}
	return 0;
}

/* Nothing there at all, or a link to /dev/null in a root with an empty /dev. */
static bool is_silent(const struct root *r, const char *path)
{
	_cleanup_close_ int fd = root_openat(r, path, O_PATH | O_NOFOLLOW);
	char target[16];
	ssize_t n;

	if (fd < 0)
		return true;
	n = readlinkat(fd, "", target, sizeof(target));
	return n == (ssize_t)strlen("/dev/null") &&
	       !memcmp(target, "/dev/null", (size_t)n);
}

/*
 * Read an open file.  0; -EISDIR; -ENODATA: /dev/null; -EINVAL: no regular
 * file; others as fd_read_all().
 */
static int conf_read_fd(int fd, struct conf_text *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return -ENODATA;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_read_all(fd, CONF_FILE_MAX, &ret->text, &ret->size);
}

static const char *conf_problem(int rc)
{
	if (rc == -EISDIR)
		return "is a directory";
	if (rc == -EINVAL)
		return "is not a regular file";
	return is_absent(rc) ? strerrordesc_np(-rc) : NULL;
}

int conf_files_next(struct conf_files *f, const struct root *r,
		    struct conf_text *ret, struct lkm_error **reterr)
{
	while (f->next < f->files.len) {
		const struct conf_file *file = &f->files.data[f->next++];
		struct conf_text text = { .path = file->path };
		_cleanup_close_ int fd = -1;
		int rc;

		if (f->taken && !strcmp(f->taken, file->name))
			continue;
		/* Without O_NONBLOCK a FIFO would keep us waiting. */
		fd = root_openat(r, file->path,
				 O_RDONLY | O_NONBLOCK | O_NOCTTY);
		rc = fd < 0 ? fd : conf_read_fd(fd, &text);
		/* A directory hides no file (as in kmod). */
		if (rc != -EISDIR)
			f->taken = file->name;
		if (rc == -ENODATA ||
		    (rc == -ENOENT && !file->asked && is_silent(r, file->path)))
			continue;
		if (rc == -ENXIO) /* a socket */
			rc = -EINVAL;
		text.problem = rc < 0 ? conf_problem(rc) : NULL;
		if (rc < 0 && !text.problem)
			return conf_fail(reterr, rc, file->path);
		*ret = text;
		return 1;
	}
	return 0;
}
