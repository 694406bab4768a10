// SPDX-License-Identifier: LGPL-2.1-or-later
// Inside of struct lkm_host: its socket, its requests, what it found.
#pragma once

#include <lkm/host.h>

#include <limits.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "diag/error.h"
#include "protocol/protocol.h"

/* Requests inside of upcalls inside of requests: the kernel's own limit of
 * modprobes at a time is 50 (kernel/module/kmod.c). */
#define HOST_NESTED_MAX 50

/* The directory of the socket. */
struct host_place {
	int dir;
	char name[PATH_MAX]; /* for messages */
};

struct lkm_host {
	int fd;	     /* -1: gone */
	int diary;   /* what lkm-host wrote, -1: none */
	pid_t child; /* a private one; 0: not ours */
	uint32_t id; /* of the last request */
	unsigned int nested;
	struct lkm_host_info info;
	struct arena arena; /* of @info */
	struct arena finding_arena;
	VEC(struct lkm_finding) findings;
	struct strbuf files; /* host_note_file() */
	/*
	 * The kernel's request_module(@name): a modprobe's exit status.  NULL:
	 * there is no modprobe.
	 */
	int (*request_module)(void *ctx, const char *name);
	void *ctx;
};

/* hosted/place.c: 0, or a negative code and *@reterr */

int place_open(struct host_place *p, struct lkm_error **reterr);
void place_close(struct host_place *p);
/* Only one process at a time starts one, until place_close(). */
int place_lock(struct host_place *p, struct lkm_error **reterr);
/* A connected socket; host.absent; host.place.unsafe */
int place_connect(const struct host_place *p, int *ret_fd,
		  struct lkm_error **reterr);
/* A listening socket at @name; what was there before is replaced. */
int place_listen(const struct host_place *p, const char *name, int *ret_fd,
		 struct lkm_error **reterr);
/* Connect to @name, which is below this place. */
int place_connect_name(const struct host_place *p, const char *name,
		       int *ret_fd);

#define HOST_SOCKET "hosted"
#define HOST_DIARY "hosted.log"

/* hosted/modfile.c */
void host_note_file(struct lkm_host *h, const char *module, const char *path);
void host_forget_files(const struct host_place *p); /* a new one starts */

/* hosted/call.c */

struct lkm_host *host_new(int fd, int diary);
/* Ask who it is; host.kernel.died where nobody answers. */
int host_hello(struct lkm_host *h, struct lkm_error **reterr);
/* A message for one request; NULL: no memory. */
struct proto_message *host_message(uint16_t type);
void host_message_free(struct proto_message *m);
static inline void host_messagep(struct proto_message **m)
{
	host_message_free(*m);
}
#define _cleanup_message_ _cleanup_(host_messagep)
/*
 * Send @m and wait for its reply, which replaces it; its findings are kept.
 * @timeout_ms 0: for ever.  The reply's status, or the negative errno of the
 * kernel.  -EPIPE: it is gone; -ETIMEDOUT: it is still at it, and the
 * connection is given up.
 */
int host_call(struct lkm_host *h, struct proto_message *m,
	      unsigned int timeout_ms);
/* After the fields of a reply were read: what else is in it. */
void host_take_findings(struct lkm_host *h, struct proto_message *m);
/* The error of a negative host_call(): host.kernel.died or sys.failed. */
int host_error(struct lkm_host *h, int err, const char *what, const char *path,
	       struct lkm_error **reterr);
/* host.kernel.died, with what lkm-host wrote last. */
int host_died(struct lkm_host *h, struct lkm_error **reterr);
bool host_is_gone(const struct lkm_host *h);
/* hosted/start.c: after a connection was given up; false: it can't be. */
bool host_reconnect(struct lkm_host *h);

/* hosted/file.c: as the public ones, but negative errno */

int host_open(struct lkm_host *h, const char *path, int flags);
void host_close(struct lkm_host *h, int handle);
int host_read(struct lkm_host *h, const char *path, char **ret,
	      size_t *ret_size);
int host_write(struct lkm_host *h, const char *path, const void *bytes,
	       size_t size);
int host_stat(struct lkm_host *h, const char *path, bool follow,
	      struct lkm_host_file *ret);
int host_list(struct lkm_host *h, const char *path, struct lkm_host_file **ret,
	      size_t *ret_count);
int host_log(struct lkm_host *h, uint64_t from,
	     void (*fn)(void *ctx, const struct lkm_log_record *record),
	     void *ctx, uint64_t *ret_next);
