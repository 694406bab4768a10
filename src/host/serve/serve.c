// SPDX-License-Identifier: GPL-2.0-only
// Serves clients: a thread of the hosted kernel for each, and their socket.
#include "host/serve/serve.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "host/debug/debug.h"
#include "host/fault/finding.h"
#include "host/kernel-calls.h"

struct serve_options serve_options;

static struct {
	struct client *clients[CLIENTS_MAX];
	uint64_t serial;
	bool stop;
} v;

static bool is_in_work(const struct worker *w)
{
	return w && w->busy;
}

struct worker *serve_latest_worker(void)
{
	struct worker *latest = NULL;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = v.clients[i];
		struct worker *w = c && c->depth ? c->workers[c->depth - 1] :
						   NULL;

		if (is_in_work(w) && !c->gone &&
		    (!latest || w->serial > latest->serial))
			latest = w;
	}
	return latest;
}

void serve_count(struct proto_status *ret)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		ret->connections += v.clients[i] != NULL;
		if (v.clients[i])
			ret->requests += v.clients[i]->depth;
	}
	ret->handles = file_count();
}

void serve_stop(void)
{
	v.stop = true;
}

static void free_client(struct client *c)
{
	size_t left = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (v.clients[i] == c)
			v.clients[i] = NULL;
		left += v.clients[i] != NULL;
	}
	if (c->debugs)
		debug_lost();
	if (c->fd >= 0)
		close(c->fd);
	proto_release(c->in);
	free(c->in);
	free(c);
	/* a copy of the kernel ends with the last of those it was made for */
	if (!left &&
	    (serve_options.is_private || serve_options.flags & PROTO_HOST_COPY))
		_exit(0);
}

static void free_worker(struct worker *w)
{
	struct client *c = w->client;

	c->workers[w->level] = NULL;
	c->living--;
	proto_release(w->in);
	proto_release(w->out);
	free(w->in);
	free(w->out);
	free(w);
}

static void put_findings(struct proto_message *m)
{
	for (const struct finding *f; (f = finding_first());
	     finding_drop_first()) {
		struct proto_finding p = { .kind = finding_kind_word(f->kind),
					   .module = f->module,
					   .text = f->text };

		p.frame_count = (uint32_t)MIN_OF(f->frame_count,
						 (size_t)PROTO_FRAMES_MAX);
		for (size_t i = 0; i < p.frame_count; i++)
			p.frames[i] = (struct proto_frame){
				.symbol = f->frames[i].symbol,
				.module = f->frames[i].module,
				.offset = f->frames[i].offset,
				.size = f->frames[i].size,
				.flags = f->frames[i].flags,
			};
		if (!proto_put_finding(m, &p))
			break;
	}
}

static void client_gone(struct client *c);

static void answer(struct worker *w, long status)
{
	struct client *c = w->client;

	upcall_wait_for_all(w);
	if (status < 0 || w->out->failed)
		proto_init(w->out, PROTO_REPLY, w->in->id);
	w->out->status = (int32_t)status;
	if (!(w->in->flags & PROTO_KEEP_FINDINGS))
		put_findings(w->out);
	if (w->interrupted)
		sched_clear_interrupt(w->task);
	w->interrupted = false;
	w->busy = false;
	c->depth--;
	if (!c->gone && !w->silent && proto_send(c->fd, w->out) < 0)
		client_gone(c);
	w->silent = false;
	proto_release(w->out);
	proto_release(w->in);
	if (v.stop)
		_exit(0);
	upcall_wake();
}

static long close_files(void *client)
{
	file_close_all(client);
	return 0;
}

/* The last worker of a client that is gone puts its things away. */
static void leave(struct worker *w)
{
	struct client *c = w->client;
	struct verdict verdict;

	if (c->gone && c->living == 1) {
		do {
			guard_request(close_files, c, &verdict);
		} while (verdict.aborted);
	}
	sched_set_owner(NULL);
	free_worker(w);
	if (c->gone && !c->living)
		free_client(c);
}

static void begin(struct worker *w)
{
	w->task = sched_task();
	sched_set_owner(w);
}

static void do_requests(struct worker *w)
{
	for (;;) {
		while (!w->busy && !w->client->gone)
			sched_sleep();
		if (!w->busy)
			break;
		proto_init(w->out, PROTO_REPLY, w->in->id);
		answer(w, call_run(w));
	}
	leave(w);
}

static int work(void *worker)
{
	begin(worker);
	do_requests(worker);
	return 0;
}

static int go_on(void *worker)
{
	struct worker *w = worker;

	begin(w);
	answer(w, call_end_aborted(w));
	do_requests(w);
	return 0;
}

static const char *task_name(const struct client *c)
{
	return c->name[0] ? c->name : "lkm";
}

void serve_take_over(void *worker)
{
	struct worker *w = worker;

	sched_set_owner(NULL);
	sched_set_remote(false);
	if (sched_spawn_user(go_on, w, task_name(w->client)) < 0)
		host_stop("no thread to answer with");
}

static struct worker *new_worker(struct client *c, unsigned int level)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->in = calloc(1, sizeof(*w->in));
	w->out = calloc(1, sizeof(*w->out));
	w->client = c;
	w->level = level;
	w->file = -1;
	c->workers[level] = w;
	c->living++;
	if (!w->in || !w->out || sched_spawn_user(work, w, task_name(c)) < 0) {
		free_worker(w);
		return NULL;
	}
	return w;
}

/* Its requests are interrupted; what it had open is closed. */
static void client_gone(struct client *c)
{
	if (c->gone)
		return;
	c->gone = true;
	for (unsigned int i = 0; i < LEVELS_MAX; i++) {
		struct worker *w = c->workers[i];

		if (!w || !w->task)
			continue;
		sched_kill(w->task);
		if (!w->busy)
			kernel_wake_up(w->task);
	}
	upcall_wake();
	if (!c->living && !new_worker(c, 0))
		free_client(c);
}

static void refuse(struct client *c, int status)
{
	struct proto_message *m = calloc(1, sizeof(*m));

	if (!m)
		return;
	proto_init(m, PROTO_REPLY, c->in->id);
	m->status = status;
	if (proto_send(c->fd, m) < 0)
		client_gone(c);
	free(m);
}

static void start_request(struct client *c)
{
	struct proto_message *in = c->in;
	struct worker *w;

	if (c->depth == LEVELS_MAX) {
		refuse(c, -ELOOP);
		return;
	}
	w = c->workers[c->depth];
	if (!w)
		w = new_worker(c, c->depth);
	if (!w) {
		refuse(c, -ENOMEM);
		return;
	}
	c->in = w->in;
	w->in = in;
	w->busy = true;
	w->serial = ++v.serial;
	c->depth++;
	if (w->task)
		kernel_wake_up(w->task);
}

/*
 * Whether the client may say something now: else it has to wait for us, and
 * can only interrupt.
 */
static bool may_speak(const struct client *c)
{
	const struct worker *w = c->depth ? c->workers[c->depth - 1] : NULL;

	return !c->gone && (!w || w->upcall);
}

/* The request may have been answered meanwhile. */
static void interrupt(struct client *c, uint32_t id)
{
	for (unsigned int i = 0; i < c->depth; i++) {
		struct worker *w = c->workers[i];

		if (w->in->id != id || !w->task)
			continue;
		w->interrupted = true;
		sched_interrupt(w->task);
	}
}

static void hear(struct client *c)
{
	int r = proto_receive(c->fd, c->in);

	if (r == -EAGAIN)
		return;
	if (r > 0 && c->in->type == PROTO_INTERRUPT)
		interrupt(c, c->in->id);
	else if (r <= 0 || !may_speak(c))
		client_gone(c);
	else if (c->in->type != PROTO_UPCALL_DONE)
		start_request(c);
	else if (!upcall_take_answer(c, c->in))
		client_gone(c);
}

/* Takes @fd over; false, and it is closed: no room. */
static bool add_client(int fd)
{
	struct client *c;
	size_t i = 0;

	while (i < CLIENTS_MAX && v.clients[i])
		i++;
	c = i < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (c)
		c->in = calloc(1, sizeof(*c->in));
	if (!c || !c->in) {
		free(c);
		close(fd);
		return false;
	}
	c->fd = fd;
	v.clients[i] = c;
	return true;
}

static void welcome(void)
{
	int fd = accept4(serve_options.socket, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && proto_peer_is_me(fd))
		add_client(fd);
	else if (fd >= 0)
		close(fd);
}

int serve_another(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	/* we never wait there, the other end may */
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	if (add_client(fd[0]))
		return fd[1];
	close(fd[1]);
	return -EAGAIN;
}

static bool is_waiting_for_time(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (v.clients[i] && v.clients[i]->depth)
			return true;
	return false;
}

#define QUIET_MS 1000 /* between two looks at timers when nobody waits */

/* The clients, and behind them the socket for new ones */
static nfds_t watched(struct pollfd *fds, struct client **who)
{
	nfds_t n = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = v.clients[i];

		if (!c || c->gone)
			continue;
		fds[n] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
		who[n++] = c;
	}
	fds[n] = (struct pollfd){ .fd = serve_options.socket,
				  .events = POLLIN };
	return n;
}

static void poll_clients(int timeout_ms)
{
	struct pollfd fds[CLIENTS_MAX + 1];
	struct client *who[CLIENTS_MAX + 1];
	nfds_t n;

	if (timeout_ms && !is_waiting_for_time())
		timeout_ms = QUIET_MS;
	if (timeout_ms)
		(void)poll(fds, watched(fds, who) + 1, timeout_ms);
	/* what happened meanwhile comes before what somebody says now */
	sched_catch_up();
	n = watched(fds, who);
	if (poll(fds, n + 1, 0) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].revents & POLLIN)
			hear(who[i]);
		else if (fds[i].revents)
			client_gone(who[i]);
	}
	if (fds[n].revents & POLLIN)
		welcome();
}

void serve_only(struct worker *w, int fd)
{
	struct client *mine = w->client;

	if (serve_options.socket >= 0)
		close(serve_options.socket);
	serve_options.socket = -1;
	serve_options.flags |= PROTO_HOST_COPY;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = v.clients[i];

		if (!c)
			continue;
		close(c->fd);
		c->fd = -1;
		if (c != mine)
			client_gone(c);
	}
	mine->fd = fd;
	w->silent = true;
}

/* A client was asked for something and is about it: no deadlock of ours. */
static bool is_awaited(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *c = v.clients[i];

		if (c && c->depth && c->workers[c->depth - 1]->upcall)
			return true;
	}
	return false;
}

void serve(const struct serve_options *o)
{
	const struct sched_outside outside = { poll_clients, is_awaited };

	serve_options = *o;
	/* a copy of this kernel that has ended needs nobody to ask how */
	signal(SIGCHLD, SIG_IGN);
	sched_serve(&outside);
}
