// SPDX-License-Identifier: LGPL-2.1-or-later
// Starting lkm-host, finding the one that runs, and ending it.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/root.h"
#include "base/strbuf.h"
#include "kernel/hosted/hosted.h"

/* Where lkm-host finds what it was given. */
#define SOCKET_FD "3"
#define READY_FD "4"
/* Descriptors above those, so that dup2() hits none that it still needs. */
#define SAFE_FD 16
#define READY_MAX 4096
/* The kernel may be in a loop that never ends. */
#define STOP_MS 2000

extern char **environ;

/* One start, from the place to the first answer. */
struct start {
	const struct lkm_host_options *o;
	struct host_place place;
	char name[32]; /* of the socket */
	int listener;
	int ready;
	int diary;
	pid_t pid;
};

static void start_release(struct start *s)
{
	if (s->listener >= 0)
		close(s->listener);
	if (s->ready >= 0)
		close(s->ready);
	if (s->diary >= 0)
		close(s->diary);
	place_close(&s->place);
}

static bool is_private(const struct start *s)
{
	return s->o->flags & LKM_HOST_PRIVATE;
}

/* What lkm-host writes: a file for all who come later, or memory of ours. */
static int open_diary(struct start *s, struct lkm_error **reterr)
{
	s->diary = is_private(s) ?
			   memfd_create("lkm-host", MFD_CLOEXEC) :
			   openat(s->place.dir, HOST_DIARY,
				  O_RDWR | O_CREAT | O_TRUNC | O_APPEND |
					  O_NOFOLLOW | O_CLOEXEC,
				  0600);
	return s->diary < 0 ? error_system(reterr, errno, "make", HOST_DIARY) :
			      0;
}

static int fail_running(struct lkm_host *h, struct lkm_error **reterr)
{
	int rc = FAIL(reterr, HOST_RUNNING, KV_STR("release", h->info.release),
		      KV_NUM("pid", h->info.pid));

	lkm_host_free(h);
	return rc;
}

/* 0: none runs */
static int look_for_other(struct start *s, struct lkm_error **reterr)
{
	struct lkm_error *e = NULL;
	struct lkm_host *h;
	int fd, rc = place_connect(&s->place, &fd, &e);

	if (rc == -LKM_ENOTFOUND) {
		lkm_error_free(e);
		return 0;
	}
	if (rc < 0) {
		if (reterr)
			*reterr = e;
		else
			lkm_error_free(e);
		return rc;
	}
	h = host_new(fd, -1);
	if (!h) {
		close(fd);
		return error_nomem(reterr);
	}
	/* Whoever does not even greet is about to end. */
	if (host_hello(h, NULL) == 0)
		return fail_running(h, reterr);
	lkm_host_free(h);
	return 0;
}

static int start_place(struct start *s, struct lkm_error **reterr)
{
	int rc = place_open(&s->place, reterr);

	if (!rc && is_private(s))
		snprintf(s->name, sizeof(s->name), "private-%d", getpid());
	else
		snprintf(s->name, sizeof(s->name), HOST_SOCKET);
	if (!rc)
		rc = place_lock(&s->place, reterr);
	if (!rc && !is_private(s))
		rc = look_for_other(s, reterr);
	if (!rc && !is_private(s))
		host_forget_files(&s->place);
	if (!rc)
		rc = open_diary(s, reterr);
	if (!rc)
		rc = place_listen(&s->place, s->name, &s->listener, reterr);
	return rc;
}

/* lkm-host's view: nothing of ours but its two descriptors. */
static int spawn_with(struct start *s, int ready, const char *program)
{
	const char *argv[] = { program,	      "serve",	 s->o->image,
			       "--socket-fd", SOCKET_FD, "--ready-fd",
			       READY_FD,      NULL,	 NULL,
			       NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	size_t argc = 7;
	int rc;

	if (s->o->flags & LKM_HOST_GUARD)
		argv[argc++] = "--guard";
	if (is_private(s))
		argv[argc++] = "--private";
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, s->diary, 1);
	posix_spawn_file_actions_adddup2(&files, s->diary, 2);
	posix_spawn_file_actions_adddup2(&files, s->listener, 3);
	posix_spawn_file_actions_adddup2(&files, ready, 4);
	rc = posix_spawn(&s->pid, program, &files, &attributes,
			 (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return -rc;
}

/* Move *@fd out of the way of the child's. */
static int lift(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, SAFE_FD);

	if (high < 0)
		return -errno;
	close(*fd);
	*fd = high;
	return 0;
}

static int start_spawn(struct start *s, struct lkm_error **reterr)
{
	const char *program = s->o->program ? s->o->program :
					      LKM_LIBEXECDIR "/lkm-host";
	_cleanup_close_ int theirs = -1;
	int p[2], rc;

	if (pipe2(p, O_CLOEXEC) < 0)
		return error_system(reterr, errno, "make", "a pipe");
	s->ready = p[0];
	theirs = p[1];
	rc = lift(&theirs);
	if (!rc)
		rc = lift(&s->listener);
	if (!rc)
		rc = lift(&s->diary);
	if (!rc)
		rc = spawn_with(s, theirs, program);
	if (rc == -ENOENT || rc == -EACCES)
		return FAIL(reterr, HOST_PROGRAM_ABSENT,
			    KV_STR("file", program), KV_ERRNO(-rc));
	return rc < 0 ? error_system(reterr, rc, "run", program) : 0;
}

/* What it wrote to the pipe: one byte for yes, else why not. */
static int start_failed(struct start *s, const char *why,
			struct lkm_error **reterr)
{
	struct lkm_host gone = { .fd = -1, .diary = s->diary, .child = s->pid };
	int rc = 0;

	if (*why)
		rc = error_from_line(why, reterr);
	if (rc < 0) {
		waitpid(s->pid, NULL, 0);
		return error_while(reterr, rc, "starting '%s'", s->o->image);
	}
	rc = host_died(&gone, reterr);
	return error_while(reterr, rc, "starting '%s'", s->o->image);
}

static int start_wait(struct start *s, struct lkm_error **reterr)
{
	char said[READY_MAX];
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = read(s->ready, said + len, sizeof(said) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len == 1)
			return 0;
	}
	said[len] = '\0';
	return start_failed(s, said, reterr);
}

static int start_connect(struct start *s, struct lkm_host **ret,
			 struct lkm_error **reterr)
{
	struct lkm_host *h;
	int fd, rc = place_connect_name(&s->place, s->name, &fd);

	if (rc < 0)
		return error_system(reterr, rc, "connect to", s->place.name);
	h = host_new(fd, s->diary);
	if (!h) {
		close(fd);
		return error_nomem(reterr);
	}
	s->diary = -1;
	h->child = is_private(s) ? s->pid : 0;
	rc = host_hello(h, reterr);
	if (rc < 0) {
		lkm_host_free(h);
		return rc;
	}
	*ret = h;
	return 0;
}

int lkm_host_start(const struct lkm_host_options *options,
		   struct lkm_host **ret, struct lkm_error **reterr)
{
	struct lkm_host_options o = { 0 };
	struct start s = { .o = &o,
			   .place = { .dir = -1 },
			   .listener = -1,
			   .ready = -1,
			   .diary = -1 };
	int rc;

	memcpy(&o, options, MIN_OF(options->size, sizeof(o)));
	rc = start_place(&s, reterr);
	if (!rc)
		rc = start_spawn(&s, reterr);
	if (!rc)
		rc = start_wait(&s, reterr);
	if (!rc)
		rc = start_connect(&s, ret, reterr);
	/* A private one needs no name any more; nobody answers at a failed. */
	if (s.listener >= 0 && (rc < 0 || is_private(&s)))
		(void)!unlinkat(s.place.dir, s.name, 0);
	start_release(&s);
	return rc;
}

int lkm_host_connect(struct lkm_host **ret, struct lkm_error **reterr)
{
	struct host_place place;
	struct lkm_host *h;
	int fd, rc = place_open(&place, reterr);

	if (rc < 0)
		return rc;
	rc = place_connect(&place, &fd, reterr);
	if (rc < 0) {
		place_close(&place);
		return rc;
	}
	h = host_new(fd, openat(place.dir, HOST_DIARY,
				O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
	place_close(&place);
	if (!h) {
		close(fd);
		return error_nomem(reterr);
	}
	rc = host_hello(h, reterr);
	if (rc < 0)
		lkm_host_free(h);
	else
		*ret = h;
	return rc;
}

bool host_reconnect(struct lkm_host *h)
{
	struct host_place place;

	if (h->child || (h->info.flags & LKM_HOST_COPY) ||
	    place_open(&place, NULL) < 0)
		return false;
	if (place_connect(&place, &h->fd, NULL) < 0)
		h->fd = -1;
	place_close(&place);
	return h->fd >= 0;
}

int lkm_host_copy(struct lkm_host *host, uint64_t fail_alloc,
		  struct lkm_host **ret, struct lkm_error **reterr)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_FORK);
	struct lkm_host *copy;
	int fd, rc;

	if (!m)
		return error_nomem(reterr);
	proto_put_u32(m, 0);
	proto_put_u64(m, fail_alloc);
	rc = host_call(host, m, 0);
	if (rc < 0)
		return host_error(host, rc, "copy", "the kernel", reterr);
	host_take_findings(host, m);
	fd = proto_take_fd(m);
	copy = fd < 0 ? NULL : host_new(fd, -1);
	if (!copy) {
		if (fd >= 0)
			close(fd);
		return error_nomem(reterr);
	}
	rc = host_hello(copy, reterr);
	if (rc < 0)
		lkm_host_free(copy);
	else
		*ret = copy;
	return rc;
}

int lkm_host_debug(struct lkm_host *host, bool on, struct lkm_error **reterr)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_DEBUG);
	int rc;

	if (!m)
		return error_nomem(reterr);
	proto_put_u32(m, on);
	rc = host_call(host, m, 0);
	if (rc < 0)
		return host_error(host, rc, "debug", "the kernel", reterr);
	host_take_findings(host, m);
	return 0;
}

/* Ask it, then wait until the process has ended. */
static int ask_to_stop(struct lkm_host *h)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_STOP);
	/* Held from before: its number may be another's right after. */
	_cleanup_close_ int pid = pidfd_open((pid_t)h->info.pid, 0);
	struct pollfd p = { pid, POLLIN, 0 };
	int rc = m ? host_call(h, m, STOP_MS) : -ENOMEM;

	/* It may be gone before its answer is. */
	if (rc < 0 && rc != -EPIPE)
		return rc;
	return pid < 0 || poll(&p, 1, STOP_MS) > 0 ? 0 : -ETIMEDOUT;
}

/* The name that it was found by, unless another has it by now. */
static void remove_socket(void)
{
	struct host_place place;
	int fd;

	if (place_open(&place, NULL) < 0)
		return;
	if (place_lock(&place, NULL) == 0) {
		if (place_connect_name(&place, HOST_SOCKET, &fd) == 0)
			close(fd);
		else
			(void)!unlinkat(place.dir, HOST_SOCKET, 0);
	}
	place_close(&place);
}

int lkm_host_stop(struct lkm_host *host, struct lkm_error **reterr)
{
	bool shared = !(host->info.flags & LKM_HOST_COPY) && !host->child;
	int rc = ask_to_stop(host);

	/* It hears nothing: busy in a module, maybe for ever. */
	if (rc == -ETIMEDOUT && kill((pid_t)host->info.pid, SIGKILL) == 0)
		rc = 0;
	if (rc < 0)
		return host_error(host, rc, "stop", "the kernel", reterr);
	lkm_host_free(host);
	if (shared)
		remove_socket();
	return 0;
}

void lkm_host_free(struct lkm_host *host)
{
	if (!host)
		return;
	/* Nobody else can reach a private one. */
	if (host->child > 0 && ask_to_stop(host) < 0)
		kill(-host->child, SIGKILL);
	if (host->fd >= 0)
		close(host->fd);
	if (host->child > 0)
		waitpid(host->child, NULL, 0);
	if (host->diary >= 0)
		close(host->diary);
	strbuf_release(&host->files);
	vec_release(&host->findings);
	arena_release(&host->finding_arena);
	arena_release(&host->arena);
	free(host);
}
