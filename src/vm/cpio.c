// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing an initramfs by libarchive, which is loaded when first needed.
#include "vm/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/dl.h"
#include "diag/error.h"

#ifdef HAVE_ARCHIVE
#include <archive.h>
#include <archive_entry.h>

#define ARCHIVE_SONAME "libarchive.so.13"
DL_NOTE(archive, "archive", "initramfs of lkm vm", "suggested", ARCHIVE_SONAME);

#define CALLS(X)                              \
	X(archive_write_new)                  \
	X(archive_write_set_format_cpio_newc) \
	X(archive_write_open_fd)              \
	X(archive_write_header)               \
	X(archive_write_data)                 \
	X(archive_write_close)                \
	X(archive_write_free)                 \
	X(archive_errno)                      \
	X(archive_entry_new)                  \
	X(archive_entry_clear)                \
	X(archive_entry_free)                 \
	X(archive_entry_set_pathname)         \
	X(archive_entry_set_symlink)          \
	X(archive_entry_set_filetype)         \
	X(archive_entry_set_nlink)            \
	X(archive_entry_set_perm)             \
	X(archive_entry_set_size)

struct cpio_calls {
#define CALL_MEMBER(name) __typeof__(&name) name;
	CALLS(CALL_MEMBER)
};

static int calls_load(const struct cpio_calls **ret, struct lkm_error **reterr)
{
	static struct cpio_calls calls;
#define CALL_SYMBOL(name) { #name, (void **)&calls.name },
	const struct dl_symbol symbols[] = { CALLS(CALL_SYMBOL) };

	if (dl_load(ARCHIVE_SONAME, symbols, ARRAY_SIZE(symbols), NULL) < 0)
		return FAIL(reterr, VM_ARCHIVE_MISSING,
			    KV_STR("library", ARCHIVE_SONAME));
	*ret = &calls;
	return 0;
}

/* The memory file is full, in practice: memory is out. */
static int archive_fail(struct cpio *c, struct lkm_error **reterr)
{
	return error_system(reterr, c->calls->archive_errno(c->archive),
			    "write", "the guest's initramfs");
}

int cpio_init(struct cpio *c, struct lkm_error **reterr)
{
	struct cpio made = { .fd = -1 };
	int rc = calls_load(&made.calls, reterr);

	if (rc < 0)
		return rc;
	made.archive = made.calls->archive_write_new();
	made.entry = made.calls->archive_entry_new();
	made.fd = memfd_create("lkm-initramfs", MFD_CLOEXEC);
	*c = made;
	if (!c->archive || !c->entry)
		return error_nomem(reterr);
	if (c->fd < 0)
		return error_system(reterr, errno, "create", "a memory file");
	if (c->calls->archive_write_set_format_cpio_newc(c->archive) < 0 ||
	    c->calls->archive_write_open_fd(c->archive, c->fd) < 0)
		return archive_fail(c, reterr);
	return 0;
}

bool cpio_has(const struct cpio *c, const char *path)
{
	return map_get(&c->seen, path) != NULL;
}

static int header_add(struct cpio *c, const char *path, unsigned int mode,
		      uint64_t size, struct lkm_error **reterr)
{
	const struct cpio_calls *f = c->calls;
	char *name = arena_strdup(&c->names, path);

	if (!name || !map_set(&c->seen, name, name))
		return error_nomem(reterr);
	f->archive_entry_set_pathname(c->entry, path + 1);
	f->archive_entry_set_filetype(c->entry, mode & S_IFMT);
	f->archive_entry_set_perm(c->entry, mode & 07777);
	f->archive_entry_set_size(c->entry, (la_int64_t)size);
	f->archive_entry_set_nlink(c->entry, 1);
	if (f->archive_write_header(c->archive, c->entry) < 0)
		return archive_fail(c, reterr);
	return 0;
}

static int entry_add(struct cpio *c, const char *path, unsigned int mode,
		     uint64_t size, struct lkm_error **reterr)
{
	_cleanup_free_ char *parent = strdup(path);

	if (!parent)
		return error_nomem(reterr);
	for (char *p = parent + 1; (p = strchr(p, '/')); p++) {
		int rc;

		*p = 0;
		rc = cpio_has(c, parent) ?
			     0 :
			     entry_add(c, parent, S_IFDIR | 0755, 0, reterr);
		*p = '/';
		if (rc < 0)
			return rc;
	}
	c->calls->archive_entry_clear(c->entry);
	return header_add(c, path, mode, size, reterr);
}

int cpio_add_dir(struct cpio *c, const char *path, struct lkm_error **reterr)
{
	if (cpio_has(c, path) || !path[1])
		return 0;
	return entry_add(c, path, S_IFDIR | 0755, 0, reterr);
}

static int parent_add(struct cpio *c, const char *path,
		      struct lkm_error **reterr)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = strndup(path, (size_t)(slash - path));

	if (!parent)
		return error_nomem(reterr);
	return *parent ? cpio_add_dir(c, parent, reterr) : 0;
}

int cpio_add_link(struct cpio *c, const char *path, const char *target,
		  struct lkm_error **reterr)
{
	int rc;

	if (cpio_has(c, path))
		return 0;
	rc = parent_add(c, path, reterr);
	if (rc < 0)
		return rc;
	c->calls->archive_entry_clear(c->entry);
	c->calls->archive_entry_set_symlink(c->entry, target);
	return header_add(c, path, S_IFLNK | 0777, 0, reterr);
}

static int data_add(struct cpio *c, const void *bytes, size_t size,
		    struct lkm_error **reterr)
{
	if (c->calls->archive_write_data(c->archive, bytes, size) !=
	    (la_ssize_t)size)
		return archive_fail(c, reterr);
	return 0;
}

int cpio_add_bytes(struct cpio *c, const char *path, unsigned int mode,
		   const void *bytes, size_t size, struct lkm_error **reterr)
{
	int rc;

	if (cpio_has(c, path))
		return 0;
	rc = entry_add(c, path, S_IFREG | mode, size, reterr);
	return rc < 0 ? rc : data_add(c, bytes, size, reterr);
}

static int content_add(struct cpio *c, int fd, uint64_t size, const char *host,
		       struct lkm_error **reterr)
{
	char bytes[65536];

	while (size) {
		ssize_t n = read(fd, bytes, MIN_OF(size, sizeof(bytes)));
		int rc;

		/* It has become shorter since its size was taken. */
		if (n == 0)
			return error_system(reterr, EIO, "read", host);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_system(reterr, errno, "read", host);
		rc = data_add(c, bytes, (size_t)n, reterr);
		if (rc < 0)
			return rc;
		size -= (uint64_t)n;
	}
	return 0;
}

int cpio_add_file(struct cpio *c, const char *path, const char *host,
		  struct lkm_error **reterr)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int rc;

	if (cpio_has(c, path))
		return 0;
	fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_system(reterr, errno, "open", host);
	if (!S_ISREG(st.st_mode))
		return error_system(reterr,
				    S_ISDIR(st.st_mode) ? EISDIR : EINVAL,
				    "copy", host);
	rc = entry_add(c, path, S_IFREG | (st.st_mode & 0777),
		       (uint64_t)st.st_size, reterr);
	return rc < 0 ? rc :
			content_add(c, fd, (uint64_t)st.st_size, host, reterr);
}

int cpio_finish(struct cpio *c, size_t *ret_size, struct lkm_error **reterr)
{
	struct stat st;

	if (c->calls->archive_write_close(c->archive) < 0)
		return archive_fail(c, reterr);
	if (fstat(c->fd, &st) < 0)
		return error_system(reterr, errno, "stat", "a memory file");
	*ret_size = (size_t)st.st_size;
	return 0;
}

void cpio_release(struct cpio *c)
{
	if (c->entry)
		c->calls->archive_entry_free(c->entry);
	if (c->archive)
		c->calls->archive_write_free(c->archive);
	map_release(&c->seen);
	arena_release(&c->names);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct cpio){ .fd = -1 };
}

#else

int cpio_init(struct cpio *c, struct lkm_error **reterr)
{
	*c = (struct cpio){ .fd = -1 };
	return FAIL(reterr, VM_ARCHIVE_MISSING, KV_STR("library", "none"));
}

int cpio_add_dir(struct cpio *c, const char *path, struct lkm_error **reterr)
{
	return cpio_init(c, reterr);
}

int cpio_add_link(struct cpio *c, const char *path, const char *target,
		  struct lkm_error **reterr)
{
	return cpio_init(c, reterr);
}

int cpio_add_bytes(struct cpio *c, const char *path, unsigned int mode,
		   const void *bytes, size_t size, struct lkm_error **reterr)
{
	return cpio_init(c, reterr);
}

int cpio_add_file(struct cpio *c, const char *path, const char *host,
		  struct lkm_error **reterr)
{
	return cpio_init(c, reterr);
}

bool cpio_has(const struct cpio *c, const char *path)
{
	return false;
}

int cpio_finish(struct cpio *c, size_t *ret_size, struct lkm_error **reterr)
{
	return cpio_init(c, reterr);
}

void cpio_release(struct cpio *c)
{
}

#endif
