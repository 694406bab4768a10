// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the cache is kept.
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/strbuf.h"
#include "tree/cache.h"

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

struct cache_place cache_place_open(const char *release,
				    const struct file_id *module_dir)
{
	const char *forced = secure_getenv("LKM_CACHE_DIR");
	struct cache_place place = { .dir = -1 };
	_cleanup_strbuf_ struct strbuf name = { 0 };

	if (strchr(release, '/') || strlen(release) > 128 ||
	    !strbuf_addf(&name, "%s-%" PRIx64 "-%" PRIx64, release,
			 module_dir->dev, module_dir->ino))
		return place;
	if (forced) {
		if (forced[0] == '/')
			place.dir = place_open(forced, name.data);
		return place;
	}
	if (geteuid() != 0) {
		place.dir = place_open_home(name.data);
		return place;
	}
	place.dir = place_open("/var/cache/lkm", name.data);
	if (place.dir < 0)
		place.dir = place_open("/run/lkm", name.data);
	return place;
}

void cache_place_close(struct cache_place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	place->dir = -1;
}
