// SPDX-License-Identifier: GPL-2.0-only
// A client's requests: modules, the log, the process itself.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "host/debug/debug.h"
#include "host/kernel-calls.h"
#include "host/serve/serve.h"

/* linux/errno.h: what restarts a system call is not for programs to see */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

void *call_buffer(struct worker *w, size_t size)
{
	void *p = mmap(NULL, size + 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	w->buffer = p;
	w->buffer_size = size + 1;
	return p;
}

static long hello(struct worker *w)
{
	unsigned long (*taint)(void) = symp("get_taint");
	const char *banner = symp("linux_banner");
	struct client *c = w->client;

	snprintf(c->name, sizeof(c->name), "%s", w->fields.field[0].str);
	snprintf(at(w->task, host.off.task_comm), 16, "%s", c->name);
	proto_put_str(w->out, lkm_vmlinux_release(host.image));
	proto_put_str(w->out, serve_options.image);
	proto_put_str(w->out, banner ? banner : "");
	proto_put_u32(w->out, (uint32_t)getpid());
	proto_put_u32(w->out, serve_options.flags);
	proto_put_u64(w->out, taint ? taint() : 0);
	proto_put_u64(w->out, time_ns());
	return 0;
}

struct load {
	void *bytes;
	size_t size;
	const char *params;
	uint32_t flags;
};

static long init_module(const struct load *l)
{
	const uint64_t args[4] = { (uint64_t)l->bytes, l->size,
				   (uint64_t)l->params };

	return (int)kernel_syscall("init_module", args);
}

static long write_all(long fd, const struct load *l)
{
	for (size_t done = 0; done < l->size;) {
		const uint64_t args[4] = { (uint64_t)fd,
					   (uint64_t)l->bytes + done,
					   l->size - done };
		long n = kernel_syscall("write", args);

		if (n <= 0)
			return n ? n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static long open_own(const char *path, int flags)
{
	const uint64_t args[4] = { (uint64_t)path, (uint64_t)flags, 0600 };

	return (int)kernel_syscall("open", args);
}

static void close_own(long fd)
{
	const uint64_t args[4] = { (uint64_t)fd };

	kernel_syscall("close", args);
	kernel_return_to_user();
}

/* From a file of the hosted kernel's own root, that nobody has for writing */
static long finit_module(const struct load *l)
{
	char path[40];
	const uint64_t unlink[4] = { (uint64_t)path };
	long fd, r;

	snprintf(path, sizeof(path), "/.lkm-module-%d", task_pid(sched_task()));
	fd = open_own(path, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	r = write_all(fd, l);
	close_own(fd);
	fd = r ? r : open_own(path, O_RDONLY);
	if (fd >= 0) {
		const uint64_t args[4] = { (uint64_t)fd, (uint64_t)l->params,
					   l->flags };

		r = (int)kernel_syscall("finit_module", args);
		close_own(fd);
	} else {
		r = fd;
	}
	kernel_syscall("unlink", unlink);
	return r;
}

static long load(struct worker *w)
{
	struct load l = { .params = w->fields.field[0].str,
			  .flags = (uint32_t)w->fields.field[1].num };
	int r;

	w->file = proto_take_fd(w->in);
	if (w->file < 0)
		return -EBADF;
	r = proto_read_file(w->file, PROTO_MODULE_MAX, &l.bytes, &l.size);
	if (r < 0)
		return r;
	w->buffer = l.bytes;
	w->buffer_size = l.size + 1;
	r = (int)(l.flags ? finit_module(&l) : init_module(&l));
	leaks_report();
	return r;
}

static long unload(struct worker *w)
{
	const uint64_t args[4] = { (uint64_t)w->fields.field[0].str,
				   w->fields.field[1].num };

	int r = (int)kernel_syscall("delete_module", args);

	leaks_report();
	return r;
}

#define LOG_BYTES_MAX (PROTO_MESSAGE_MAX - 4096)

static long read_log(struct worker *w)
{
	size_t at_count = w->out->size, end;
	const struct log_line *line;
	uint64_t seq = w->fields.field[0].num;
	uint32_t n = 0;

	proto_put_u32(w->out, 0);
	while ((line = log_from(seq)) && w->out->size < LOG_BYTES_MAX) {
		const struct proto_log l = { line->seq, line->ns,
					     (uint32_t)line->level,
					     line->text };

		proto_put_log(w->out, &l);
		seq = line->seq + 1;
		n++;
	}
	proto_put_u64(w->out, line ? seq : log_next_seq());
	end = w->out->size;
	w->out->size = at_count;
	proto_put_u32(w->out, n);
	w->out->size = end;
	return 0;
}

static long status(struct worker *w)
{
	struct proto_status s = { .memory_live = memory_live(),
				  .uptime_ns = time_ns(),
				  .warnings = host.stats.warnings,
				  .emulated = host.stats.emulated,
				  .threads = sched_threads() };

	serve_count(&s);
	proto_put_status(w->out, &s);
	return 0;
}

static long stop(struct worker *w)
{
	serve_stop();
	return 0;
}

/* The copy serves only who asked for it, on a socket of its own. */
static long copy(struct worker *w)
{
	int fd[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	pid = memory_fork();
	if (pid < 0) {
		close(fd[0]);
		close(fd[1]);
		return -EAGAIN;
	}
	if (!pid) {
		close(fd[0]);
		time_in_child();
		fail_alloc_set(w->fields.field[1].num);
		serve_only(w, fd[1]);
		return 0;
	}
	close(fd[1]);
	proto_put_fd(w->out, fd[0]);
	return 0;
}

/* Yama: who is no ancestor may attach only if it was allowed. */
static void allow_tracer(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		(void)prctl(PR_SET_PTRACER, (unsigned long)who.pid, 0, 0, 0);
}

static long debug(struct worker *w)
{
	struct client *c = w->client;
	bool on = w->fields.field[0].num;

	if (on == c->debugs)
		return 0;
	c->debugs = on;
	if (on) {
		allow_tracer(c->fd);
		debug_begin();
	} else {
		(void)prctl(PR_SET_PTRACER, 0, 0, 0, 0);
		debug_end();
	}
	return 0;
}

static long connect_another(struct worker *w)
{
	int fd = serve_another();

	if (fd < 0)
		return fd;
	proto_put_fd(w->out, fd);
	return 0;
}

static const struct {
	uint16_t type;
	long (*run)(struct worker *w);
} calls[] = {
	{ PROTO_HELLO, hello },	  { PROTO_LOAD, load },
	{ PROTO_UNLOAD, unload }, { PROTO_LOG, read_log },
	{ PROTO_STATUS, status }, { PROTO_STOP, stop },
	{ PROTO_FORK, copy },	  { PROTO_CONNECT, connect_another },
	{ PROTO_DEBUG, debug },
};

static long run_kernel_call(void *worker)
{
	struct worker *w = worker;
	long (*run)(struct worker * w) = file_call;
	long r;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].type == w->in->type)
			run = calls[i].run;
	r = run(w);
	kernel_return_to_user();
	return r;
}

static bool is_watched(uint16_t type)
{
	return type == PROTO_LOAD || type == PROTO_UNLOAD;
}

static long abandon(void *worker)
{
	file_abandon(worker);
	kernel_return_to_user();
	return 0;
}

static void release(struct worker *w)
{
	proto_fields_release(&w->fields);
	if (w->buffer)
		munmap(w->buffer, w->buffer_size);
	w->buffer = NULL;
	if (w->file >= 0)
		close(w->file);
	w->file = -1;
}

long call_end_aborted(struct worker *w)
{
	struct verdict v;

	guard_request(abandon, w, &v);
	release(w);
	proto_init(w->out, PROTO_REPLY, w->in->id);
	return -EIO;
}

long call_run(struct worker *w)
{
	const struct guard_escape escape = { serve_take_over, w };
	long r = proto_get_fields(w->in, &w->fields);

	if (r < 0)
		return r;
	sched_set_remote(w->in->flags & PROTO_REMOTE_USER &&
			 w->in->type == PROTO_IOCTL);
	r = guard_escaping(run_kernel_call, w, is_watched(w->in->type),
			   &escape);
	/* it had been given up, and was answered */
	if (sched_owner() != w)
		sched_die();
	sched_set_remote(false);
	release(w);
	if (!w->interrupted && r <= -ERESTARTSYS && r >= -ERESTART_RESTARTBLOCK)
		return -EINTR;
	return r;
}
