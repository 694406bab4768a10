// SPDX-License-Identifier: LGPL-2.1-or-later
// Where things are kept between runs, and when they still count.
#include "base/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/root.h"
#include "base/strbuf.h"

#define SMALL_MAX ((uint64_t)64 << 20)
#define SMALL_SEED 0x6d6b6c65686361ffULL

struct file_id file_id_of(const struct stat *st)
{
	const int64_t second = 1000000000;

	return (struct file_id){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim.tv_sec * second + st->st_mtim.tv_nsec,
		.ctime = st->st_ctim.tv_sec * second + st->st_ctim.tv_nsec,
	};
}

bool file_id_equals(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime == b->mtime && a->ctime == b->ctime;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9fb21c651e98df25;
	return h ^ h >> 29;
}

uint64_t cache_hash(uint64_t seed, const void *bytes, size_t size)
{
	uint64_t lanes[4] = { seed, ~seed, seed ^ 0x5555, size };
	const uint8_t *p = bytes;
	uint64_t v;

	/* Four at once: each waits for its own multiplication only. */
	for (; size >= 32; p += 32, size -= 32) {
		for (int i = 0; i < 4; i++) {
			memcpy(&v, p + 8 * i, 8);
			lanes[i] = mix(lanes[i], v);
		}
	}
	for (; size; p += MIN_OF(size, 8), size -= MIN_OF(size, 8)) {
		v = 0;
		memcpy(&v, p, MIN_OF(size, 8));
		lanes[0] = mix(lanes[0], v);
	}
	return mix(mix(lanes[0], lanes[1]), mix(lanes[2], lanes[3]));
}

bool file_id_rests(const struct file_id *id, int64_t time)
{
	return id->mtime < time - CACHE_REST_NS &&
	       id->ctime < time - CACHE_REST_NS;
}

int64_t cache_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Open @name below @base, made where missing; ours alone, or none. */
static int place_open(const char *base, const char *name)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct stat st;
	int fd;

	if (!strbuf_addf(&b, "%s/%s", base, name))
		return -1;
	if (mkdir(base, 0700) < 0 && errno != EEXIST)
		return -1;
	if (mkdir(b.data, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open(b.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	/* What others can write to could hold anything. */
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    (st.st_mode & 022) || faccessat(fd, ".", W_OK, AT_EACCESS) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int place_open_home(const char *name)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const char *dir = secure_getenv("XDG_CACHE_HOME");

	if (dir && dir[0] == '/') {
		strbuf_addf(&b, "%s/lkm", dir);
	} else {
		dir = secure_getenv("HOME");
		if (!dir || dir[0] != '/' || !strbuf_addf(&b, "%s/.cache", dir))
			return -1;
		/* When it cannot be made the next step says so. */
		(void)!mkdir(b.data, 0700);
		strbuf_adds(&b, "/lkm");
	}
	return b.failed ? -1 : place_open(b.data, name);
}

struct cache_place cache_place_open(const char *name)
{
	const char *forced = secure_getenv("LKM_CACHE_DIR");
	struct cache_place place = { .dir = -1 };

	if (strchr(name, '/'))
		return place;
	if (forced) {
		if (forced[0] == '/')
			place.dir = place_open(forced, name);
		return place;
	}
	if (geteuid() != 0) {
		place.dir = place_open_home(name);
		return place;
	}
	place.dir = place_open("/var/cache/lkm", name);
	if (place.dir < 0)
		place.dir = place_open("/run/lkm", name);
	return place;
}

void cache_place_close(struct cache_place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	place->dir = -1;
}

int cache_open(const struct cache_place *place, const char *file,
	       uint64_t limit, struct stat *ret)
{
	int fd;

	if (place->dir < 0)
		return -1;
	fd = openat(place->dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode) ||
	    ret->st_uid != geteuid() || (uint64_t)ret->st_size > limit) {
		close(fd);
		return -1;
	}
	return fd;
}

/* No sync: what a crash leaves does not have the right hash. */
int cache_put(const struct cache_place *place, const char *file,
	      const struct cache_piece *pieces, size_t count)
{
	char temp[64];
	int fd, rc = 0;

	if (place->dir < 0)
		return 0;
	snprintf(temp, sizeof(temp), ".%.32s.%d", file, (int)getpid());
	fd = openat(place->dir, temp,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < count && !rc; i++)
		rc = fd_write_all(fd, pieces[i].bytes, pieces[i].size);
	if (close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && renameat(place->dir, temp, place->dir, file) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(place->dir, temp, 0);
	return rc;
}

bool cache_get_bytes(const struct cache_place *place, const char *file,
		     char **ret, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	uint64_t hash;
	size_t size;

	fd = cache_open(place, file, SMALL_MAX, &st);
	if (fd < 0 || fd_read_all(fd, SMALL_MAX, &bytes, &size) < 0 ||
	    size < sizeof(hash))
		return false;
	size -= sizeof(hash);
	memcpy(&hash, bytes + size, sizeof(hash));
	if (cache_hash(SMALL_SEED, bytes, size) != hash)
		return false;
	*ret = take_ptr(bytes);
	*ret_size = size;
	return true;
}

bool cache_get_numbers(const struct cache_place *place, const char *file,
		       uint64_t *ret, size_t count)
{
	_cleanup_free_ char *bytes = NULL;
	size_t size;

	if (!cache_get_bytes(place, file, &bytes, &size) ||
	    size != count * sizeof(*ret))
		return false;
	memcpy(ret, bytes, size);
	return true;
}

int cache_put_bytes(const struct cache_place *place, const char *file,
		    const void *bytes, size_t size)
{
	uint64_t hash = cache_hash(SMALL_SEED, bytes, size);
	const struct cache_piece pieces[] = { { bytes, size },
					      { &hash, sizeof(hash) } };

	return cache_put(place, file, pieces, ARRAY_SIZE(pieces));
}
