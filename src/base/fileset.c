// SPDX-License-Identifier: LGPL-2.1-or-later
// Several files of one directory, replaced together.
#include "base/fileset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/span.h"
#include "base/strbuf.h"
#include "base/text.h"

#define NAME_BYTES 96
#define TEMP_PREFIX ".lkm-new."
#define COMPARE_BYTES ((size_t)64 << 10)
#define JOURNAL_LIMIT ((size_t)64 << 10)

struct fileset_item {
	char name[NAME_BYTES];
	int fd; /* of the temporary file, -1 for a removal */
};

struct fileset {
	int dir; /* locked */
	size_t count;
	struct fileset_item items[FILESET_MAX];
};

static void temp_name(const char *name, char ret[static 2 * NAME_BYTES])
{
	snprintf(ret, 2 * (size_t)NAME_BYTES, TEMP_PREFIX "%s", name);
}

static bool name_is_plain(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') &&
	       !strchr(name, '\n') && strlen(name) < NAME_BYTES;
}

/* Make the renames that the journal lists; each may be done already. */
static int journal_replay(int dir, struct span journal)
{
	struct span line;
	size_t pos = 0;

	while (text_next_line(journal, &pos, &line)) {
		char name[NAME_BYTES], temp[2 * NAME_BYTES];
		int rc;

		if (line.size < 2 || line.size > NAME_BYTES)
			continue;
		memcpy(name, line.data + 1, line.size - 1);
		name[line.size - 1] = '\0';
		if (!name_is_plain(name))
			continue;
		temp_name(name, temp);
		rc = line.data[0] == '-' ? unlinkat(dir, name, 0) :
					   renameat(dir, temp, dir, name);
		if (rc < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int journal_finish(int dir)
{
	_cleanup_close_ int fd = openat(dir, FILESET_JOURNAL,
					O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = fd_read_all(fd, JOURNAL_LIMIT, &text, &size);
	if (rc < 0)
		return rc;
	/* Without its last line the journal was never complete: old set. */
	if (size >= 4 && !memcmp(text + size - 4, "end\n", 4)) {
		rc = journal_replay(dir,
				    (struct span){ (uint8_t *)text, size - 4 });
		if (rc < 0)
			return rc;
	}
	if (fsync(dir) < 0 || unlinkat(dir, FILESET_JOURNAL, 0) < 0)
		return -errno;
	return 0;
}

int fileset_begin(const struct root *r, const char *dir, struct fileset **ret)
{
	struct fileset *fs = calloc(1, sizeof(*fs));
	int rc;

	if (!fs)
		return -ENOMEM;
	fs->dir = root_openat(r, dir, O_RDONLY | O_DIRECTORY);
	if (fs->dir < 0) {
		rc = fs->dir;
		free(fs);
		return rc;
	}
	do
		rc = flock(fs->dir, LOCK_EX) < 0 ? -errno : 0;
	while (rc == -EINTR);
	if (!rc)
		rc = journal_finish(fs->dir);
	if (rc < 0) {
		fileset_end(fs);
		return rc;
	}
	*ret = fs;
	return 0;
}

/* Does @name already hold these bytes, with this mode? */
static bool file_is(int dir, const char *name, const void *bytes, size_t size,
		    int mode)
{
	/* O_NONBLOCK: what stands there may be a FIFO. */
	_cleanup_close_ int fd = openat(dir, name,
					O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
						O_NONBLOCK | O_NOCTTY);
	const char *at = bytes;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (size_t)st.st_size != size || (int)(st.st_mode & 0777) != mode)
		return false;
	while (size) {
		char chunk[COMPARE_BYTES];
		ssize_t n = read(fd, chunk, MIN_OF(size, sizeof(chunk)));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(chunk, at, (size_t)n) != 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/*
 * 1: a file @name is there and can be replaced; 0: there is none.  A directory
 * in its place would let the rename fail, and again for everybody who finds the
 * journal.
 */
static int fileset_check(const struct fileset *fs, const char *name)
{
	struct stat st;

	if (!name_is_plain(name))
		return -EINVAL;
	if (fs->count == FILESET_MAX)
		return -E2BIG;
	if (fstatat(fs->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : 1;
}

int fileset_add(struct fileset *fs, const char *name, const void *bytes,
		size_t size, int mode)
{
	struct fileset_item *item = &fs->items[fs->count];
	char temp[2 * NAME_BYTES];
	int rc = fileset_check(fs, name);

	if (rc < 0)
		return rc;
	if (file_is(fs->dir, name, bytes, size, mode))
		return 0;
	temp_name(name, temp);
	if (unlinkat(fs->dir, temp, 0) < 0 && errno != ENOENT)
		return -errno;
	item->fd = openat(fs->dir, temp,
			  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			  mode);
	if (item->fd < 0)
		return -errno;
	snprintf(item->name, sizeof(item->name), "%s", name);
	fs->count++;
	rc = fd_write_all(item->fd, bytes, size);
	if (!rc && fchmod(item->fd, (mode_t)mode) < 0)
		rc = -errno;
	/* Begin the writeback now; fsync() then has little left to wait for. */
	if (!rc)
		sync_file_range(item->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return rc;
}

int fileset_remove(struct fileset *fs, const char *name)
{
	int rc = fileset_check(fs, name);

	if (rc <= 0)
		return rc;
	fs->items[fs->count].fd = -1;
	snprintf(fs->items[fs->count++].name, NAME_BYTES, "%s", name);
	return 0;
}

static int journal_write(struct fileset *fs)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_close_ int fd = -1;
	int rc;

	for (size_t i = 0; i < fs->count; i++)
		strbuf_addf(&b, "%c%s\n", fs->items[i].fd < 0 ? '-' : '+',
			    fs->items[i].name);
	if (!strbuf_adds(&b, "end\n"))
		return -ENOMEM;
	fd = openat(fs->dir, FILESET_JOURNAL,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	rc = fd_write_all(fd, b.data, b.len);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(fs->dir, FILESET_JOURNAL, 0);
	return rc;
}

int fileset_commit(struct fileset *fs, size_t *ret_changed)
{
	int rc;

	for (size_t i = 0; i < fs->count; i++) {
		if (fs->items[i].fd >= 0 && fsync(fs->items[i].fd) < 0)
			return -errno;
	}
	if (fs->count) {
		rc = journal_write(fs);
		if (!rc)
			rc = journal_finish(fs->dir);
		if (rc < 0)
			return rc;
	}
	if (ret_changed)
		*ret_changed = fs->count;
	for (size_t i = 0; i < fs->count; i++) {
		if (fs->items[i].fd >= 0)
			close(fs->items[i].fd);
	}
	fs->count = 0;
	return 0;
}

void fileset_end(struct fileset *fs)
{
	if (!fs)
		return;
	for (size_t i = 0; i < fs->count; i++) {
		char temp[2 * NAME_BYTES];

		if (fs->items[i].fd < 0)
			continue;
		close(fs->items[i].fd);
		temp_name(fs->items[i].name, temp);
		unlinkat(fs->dir, temp, 0);
	}
	if (fs->dir >= 0)
		close(fs->dir);
	free(fs);
}

bool fileset_is_torn(const struct root *r, const char *dir)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_close_ int fd = -1;

	if (!strbuf_addf(&b, "%s/" FILESET_JOURNAL, dir))
		return false;
	fd = root_openat(r, b.data, O_RDONLY | O_NOFOLLOW);
	return fd >= 0;
}

int fileset_recover(const struct root *r, const char *dir)
{
	struct fileset *fs;
	int rc = fileset_begin(r, dir, &fs);

	if (rc < 0)
		return rc;
	fileset_end(fs);
	return 0;
}
