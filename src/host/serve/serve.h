// SPDX-License-Identifier: GPL-2.0-only
// Serving clients: what serve.c, upcall.c, calls.c and files.c share.
#pragma once

#include <fcntl.h>

#include "host/host.h"
#include "protocol/protocol.h"

#define CLIENTS_MAX 256
#define LEVELS_MAX 8 /* of requests nested in upcalls */

struct client;

/* A thread of the hosted kernel that does a client's requests of one level. */
struct worker {
	struct client *client;
	void *task; /* NULL until it runs first */
	unsigned int level;
	uint64_t serial; /* of its request; later ones have greater numbers */
	bool busy;
	bool interrupted; /* has a signal: PROTO_INTERRUPT */
	bool silent;	  /* its request is answered elsewhere */
	struct proto_message *in, *out;
	/* upcall.c */
	unsigned int upcalls;  /* that its request started, not ended yet */
	struct upcall *upcall; /* which the client was sent */
	/* calls.c: freed when the request is over, however that came about */
	void *buffer;
	size_t buffer_size;
	struct proto_fields fields;
	int file; /* of a module that it loads; -1: none, or taken over */
};

struct client {
	int fd;
	bool gone;
	bool debugs; /* it has asked for that */
	char name[16];
	unsigned int depth;  /* requests in work */
	unsigned int living; /* workers */
	struct worker *workers[LEVELS_MAX];
	struct proto_message *in;
};

struct serve_options {
	const char *image;
	int socket;
	uint32_t flags;	 /* enum proto_host_flags */
	bool is_private; /* it ends with its last client */
};

/* serve.c */
extern struct serve_options serve_options;
void serve(const struct serve_options *o) __attribute__((noreturn));
void serve_count(struct proto_status *ret);
/* In the copy that fork(2) made: from now on only @w's client, at @fd. */
void serve_only(struct worker *w, int fd);
/* The thread that did @w's request does not come back: another goes on. */
void serve_take_over(void *worker);
int serve_another(void);		  /* a connection's other end; -errno */
struct worker *serve_latest_worker(void); /* NULL: nobody waits for us */
void serve_stop(void);			  /* when the reply is sent */

/* upcall.c */
bool upcall_take_answer(struct client *c, struct proto_message *m);
void upcall_wait_for_all(struct worker *w);
void upcall_wake(void);
/* Whom to ask; NULL: nobody.  Each begin is ended by one of the others. */
struct worker *upcall_begin(void);
void upcall_end(struct worker *w);
/* Memory of the client's program: 0, or negative errno */
int upcall_user_read(uint64_t from, void *to, size_t size);
int upcall_user_write(uint64_t to, const void *from, size_t size);
/* Length without NUL; @max: none; @to NULL: only that.  -EFAULT */
long upcall_user_string(uint64_t from, char *to, size_t max);
/* The exit status of a modprobe: 0 or 1 */
int upcall_module(struct worker *w, const char *name);

/* calls.c: the status; fields are added to @w->out */
long call_run(struct worker *w);
long call_end_aborted(struct worker *w);	  /* the status, too */
void *call_buffer(struct worker *w, size_t size); /* NULL: no memory */

/* files.c: requests about files */
long file_call(struct worker *w);
/* After a call that did not come back: what it held of its file. */
void file_abandon(const struct worker *w);
void file_close_all(const struct client *c);
unsigned int file_count(void);
