// SPDX-License-Identifier: LGPL-2.1-or-later
// Absolute paths below a root directory that may not be this machine's own.
#include "base/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/strbuf.h"
#include "base/vec.h"

#define OPEN_TRIES 1000

bool root_is_host(const struct root *r)
{
	return !r->path;
}

int root_open(struct root *r, const char *path)
{
	struct root ret = ROOT_HOST;
	size_t len = path ? strlen(path) : 0;

	while (len && path[len - 1] == '/')
		len--;
	if (!len) {
		*r = ret;
		return 0;
	}
	ret.path = strndup(path, len);
	if (!ret.path)
		return -ENOMEM;
	ret.fd = open(ret.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret.fd < 0) {
		int rc = -errno;

		free(ret.path);
		return rc;
	}
	*r = ret;
	return 0;
}

void root_release(struct root *r)
{
	free(r->path);
	if (r->fd >= 0)
		close(r->fd);
	*r = ROOT_HOST;
}

char *root_name(const struct root *r, const char *path)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (r->path)
		strbuf_adds(&b, r->path);
	strbuf_adds(&b, path);
	return strbuf_take(&b);
}

static int root_open_plain(const struct root *r, const char *path, int flags,
			   int mode)
{
	_cleanup_free_ char *name = root_name(r, path);
	int fd;

	if (!name)
		return -ENOMEM;
	fd = open(name, flags, mode);
	return fd < 0 ? -errno : fd;
}

static int root_open_mode(const struct root *r, const char *path, int flags,
			  int mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? (uint64_t)mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (!r->path)
		return root_open_plain(r, path, flags | O_CLOEXEC, mode);
	/*
	 * EAGAIN: something was renamed or mounted anywhere on this machine
	 * while a ".." was walked, so that the kernel cannot swear that it
	 * stayed inside; openat2(2) says to try again.
	 */
	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, r->fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	/* ENOSYS: before v5.6; EPERM: container filters of that time. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return root_open_plain(r, path, flags | O_CLOEXEC, mode);
	return fd < 0 ? -errno : (int)fd;
}

int root_openat(const struct root *r, const char *path, int flags)
{
	return root_open_mode(r, path, flags, 0);
}

int root_create(const struct root *r, const char *path, int flags, int mode)
{
	return root_open_mode(r, path, flags | O_CREAT, mode);
}

int fd_read_all(int fd, size_t limit, char **ret, size_t *ret_size)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if ((size_t)n > limit - b.len)
			return -EFBIG;
		if (!strbuf_add(&b, chunk, (size_t)n))
			return -ENOMEM;
	}
	if (ret_size)
		*ret_size = b.len;
	*ret = strbuf_take(&b);
	return *ret ? 0 : -ENOMEM;
}

int root_read(const struct root *r, const char *path, size_t limit, char **ret,
	      size_t *ret_size)
{
	_cleanup_close_ int fd = root_openat(r, path, O_RDONLY);

	if (fd < 0)
		return fd;
	return fd_read_all(fd, limit, ret, ret_size);
}

int fd_write_all(int fd, const void *bytes, size_t size)
{
	const char *p = bytes;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static DIR *root_opendir(const struct root *r, const char *path)
{
	_cleanup_close_ int fd = -1;
	DIR *dir;

	if (!r->path)
		return opendir(path);
	fd = root_openat(r, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	dir = fdopendir(fd);
	if (dir)
		fd = -1;
	return dir;
}

int root_list(const struct root *r, const char *path, size_t limit,
	      char ***ret_names, size_t *ret_count)
{
	VEC(char *) names = { 0 };
	DIR *dir = root_opendir(r, path);
	struct dirent *de;
	int rc = 0;

	if (!dir)
		return -errno;
	while (errno = 0, (de = readdir(dir))) {
		char *name;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (names.len >= limit) {
			rc = -E2BIG;
			break;
		}
		name = strdup(de->d_name);
		if (!name || !vec_push(&names, name)) {
			free(name);
			rc = -ENOMEM;
			break;
		}
	}
	if (!rc && errno)
		rc = -errno;
	closedir(dir);
	if (rc < 0) {
		root_free_names(names.data, names.len);
		return rc;
	}
	if (names.len)
		qsort(names.data, names.len, sizeof(char *), name_compare);
	*ret_names = names.data;
	*ret_count = names.len;
	return 0;
}

void root_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* As mkdir(2); links in the parent's path are resolved in the root. */
static int root_mkdir(const struct root *r, const char *path)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int fd = -1;
	const char *slash = strrchr(path, '/');

	if (!r->path)
		return mkdir(path, 0755) < 0 ? -errno : 0;
	if (!slash)
		return -EINVAL;
	parent = strndup(path, (size_t)(slash - path) + 1);
	if (!parent)
		return -ENOMEM;
	fd = root_openat(r, parent, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	return mkdirat(fd, slash + 1, 0755) < 0 ? -errno : 0;
}

int root_mkdirs(const struct root *r, const char *path)
{
	_cleanup_free_ char *name = strdup(path);
	char *p = name;

	if (!name)
		return -ENOMEM;
	for (;;) {
		char end;
		int rc;

		p += strspn(p, "/");
		if (!*p)
			return 0;
		p += strcspn(p, "/");
		end = *p;
		*p = '\0';
		rc = root_mkdir(r, name);
		if (rc < 0 && rc != -EEXIST)
			return rc;
		*p = end;
	}
}
