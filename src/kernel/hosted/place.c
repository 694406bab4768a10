// SPDX-License-Identifier: LGPL-2.1-or-later
// The directory of the hosted kernel's socket: ours alone, or none.
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "kernel/hosted/hosted.h"

#define BACKLOG 64

static bool is_own_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

/* The login's runtime directory where there is one, else /tmp. */
static void choose(struct host_place *p)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char user[32];

	snprintf(user, sizeof(user), "/run/user/%u", geteuid());
	if (runtime && runtime[0] == '/' && is_own_dir(runtime))
		snprintf(p->name, sizeof(p->name), "%s/lkm", runtime);
	else if (is_own_dir(user))
		snprintf(p->name, sizeof(p->name), "%s/lkm", user);
	else
		snprintf(p->name, sizeof(p->name), "/tmp/lkm-%u", geteuid());
}

static int fail_unsafe(const struct host_place *p, const char *file,
		       const char *why, struct lkm_error **reterr)
{
	return FAIL(reterr, HOST_PLACE_UNSAFE, KV_STR("dir", p->name),
		    KV_STR("file", file), KV_STR("why", why));
}

int place_open(struct host_place *p, struct lkm_error **reterr)
{
	struct stat st;
	int rc;

	choose(p);
	p->dir = -1;
	if (mkdir(p->name, 0700) < 0 && errno != EEXIST)
		return error_system(reterr, errno, "make", p->name);
	p->dir = open(p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->dir < 0 && (errno == ENOTDIR || errno == ELOOP))
		return fail_unsafe(p, ".", "it is no directory", reterr);
	if (p->dir < 0 || fstat(p->dir, &st) < 0)
		return error_system(reterr, errno, "open", p->name);
	rc = 0;
	if (st.st_uid != geteuid())
		rc = fail_unsafe(p, ".", "another user owns it", reterr);
	else if (st.st_mode & 077)
		rc = fail_unsafe(p, ".", "other users may enter it", reterr);
	if (rc < 0)
		place_close(p);
	return rc;
}

void place_close(struct host_place *p)
{
	if (p->dir >= 0)
		close(p->dir);
	p->dir = -1;
}

int place_lock(struct host_place *p, struct lkm_error **reterr)
{
	int rc;

	do {
		rc = flock(p->dir, LOCK_EX);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? error_system(reterr, errno, "lock", p->name) : 0;
}

/* By the open directory: neither its length nor a swap of it matters. */
static void address_of(const struct host_place *p, const char *name,
		       struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s",
		 p->dir, name);
}

int place_connect_name(const struct host_place *p, const char *name,
		       int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
					0);
	struct sockaddr_un address;

	address_of(p, name, &address);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int place_connect(const struct host_place *p, int *ret_fd,
		  struct lkm_error **reterr)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int rc;

	if (fstatat(p->dir, HOST_SOCKET, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL(reterr, HOST_ABSENT, KV_STR("dir", p->name));
	if (!S_ISSOCK(st.st_mode))
		return fail_unsafe(p, HOST_SOCKET, "it is no socket", reterr);
	if (st.st_uid != geteuid())
		return fail_unsafe(p, HOST_SOCKET, "another user owns it",
				   reterr);
	rc = place_connect_name(p, HOST_SOCKET, &fd);
	/* Nobody listens there any more: it ended without a word. */
	if (rc == -ECONNREFUSED || rc == -ENOENT)
		return FAIL(reterr, HOST_ABSENT, KV_STR("dir", p->name));
	if (rc < 0)
		return error_system(reterr, rc, "connect to", p->name);
	if (!proto_peer_is_me(fd))
		return fail_unsafe(p, HOST_SOCKET,
				   "a process of another user listens there",
				   reterr);
	*ret_fd = take_fd(&fd);
	return 0;
}

int place_listen(const struct host_place *p, const char *name, int *ret_fd,
		 struct lkm_error **reterr)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
					0);
	struct sockaddr_un address;

	address_of(p, name, &address);
	if (unlinkat(p->dir, name, 0) < 0 && errno != ENOENT)
		return error_system(reterr, errno, "remove the old socket in",
				    p->name);
	/* Nobody else can reach it before its mode is set: see place_open(). */
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(p->dir, name, 0600, 0) < 0 || listen(fd, BACKLOG) < 0)
		return error_system(reterr, errno, "make a socket in", p->name);
	*ret_fd = take_fd(&fd);
	return 0;
}
