// SPDX-License-Identifier: LGPL-2.1-or-later
// A program's files served by lkm-host: requests and upcalls of each session.
#include "kernel/exec/exec.h"

#include <fcntl.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernel/hosted/hosted.h"
#include "protocol/protocol.h"

#define USER_MAX ((size_t)64 << 20) /* bytes of one copy_from_user() */

struct host_session {
	struct exec_session base;
	struct host_backend *backend;
	enum exec_verb verb;
	uint32_t id;
	struct proto_message *m;   /* the request, then what came */
	struct proto_message *out; /* what is said while that is in work */
	struct proto_bulk bulk;
	uint8_t *entries; /* of LIST */
	struct strbuf log;
};

struct host_backend {
	struct exec_backend base;
	struct lkm_host *host;
	pthread_mutex_t lock; /* of @host */
};

static void host_disconnect(struct exec_session *base)
{
	struct host_session *s = (struct host_session *)base;

	if (s->base.fd >= 0)
		close(s->base.fd);
	proto_bulk_release(&s->bulk);
	host_message_free(s->m);
	host_message_free(s->out);
	free(s->entries);
	strbuf_release(&s->log);
	free(s);
}

/* Another connection to the same kernel, whether or not that has a name. */
static int connect_again(struct host_backend *b)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_CONNECT);
	int rc;

	if (!m)
		return -ENOMEM;
	m->flags = PROTO_KEEP_FINDINGS;
	pthread_mutex_lock(&b->lock);
	rc = host_call(b->host, m, 0);
	pthread_mutex_unlock(&b->lock);
	if (rc < 0)
		return rc;
	rc = proto_take_fd(m);
	return rc < 0 ? -EBADMSG : rc;
}

static struct exec_session *host_connect(struct exec_backend *base)
{
	struct host_backend *b = (struct host_backend *)base;
	struct host_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->backend = b;
	s->m = host_message(PROTO_HELLO);
	s->out = host_message(PROTO_HELLO);
	s->base.fd = s->m && s->out ? connect_again(b) : -ENOMEM;
	if (s->base.fd < 0) {
		int err = -s->base.fd;

		host_disconnect(&s->base);
		errno = err;
		return NULL;
	}
	return &s->base;
}

static const uint16_t types[] = {
	[EXEC_OPEN] = PROTO_OPEN,   [EXEC_READ] = PROTO_READ,
	[EXEC_WRITE] = PROTO_WRITE, [EXEC_SEEK] = PROTO_SEEK,
	[EXEC_LIST] = PROTO_LIST,   [EXEC_STAT] = PROTO_STAT,
	[EXEC_POLL] = PROTO_POLL,   [EXEC_READLINK] = PROTO_READLINK,
	[EXEC_IOCTL] = PROTO_IOCTL, [EXEC_CLOSE] = PROTO_CLOSE,
	[EXEC_LOAD] = PROTO_LOAD,   [EXEC_UNLOAD] = PROTO_UNLOAD,
	[EXEC_LOG] = PROTO_LOG,	    [EXEC_SYNC] = PROTO_SYNC,
};

/* The fields as protocol.def has them. */
static void put_fields(struct proto_message *m, const struct exec_request *q)
{
	if (q->path)
		proto_put_str(m, q->path);
	else if (q->verb != EXEC_LOG)
		proto_put_u32(m, q->handle);
	switch (q->verb) {
	case EXEC_OPEN:
		proto_put_u32(m, q->flags);
		proto_put_u32(m, q->mode);
		break;
	case EXEC_READ:
		proto_put_u64(m, q->length);
		proto_put_u64(m, (uint64_t)q->offset);
		break;
	case EXEC_WRITE:
		proto_put_u64(m, (uint64_t)q->offset);
		proto_put_bulk(m, q->bytes.data, q->bytes.size);
		break;
	case EXEC_SEEK:
		proto_put_u64(m, (uint64_t)q->offset);
		proto_put_u32(m, q->whence);
		break;
	case EXEC_SYNC: proto_put_u32(m, q->data_only); break;
	case EXEC_STAT: proto_put_u32(m, q->follow); break;
	case EXEC_IOCTL:
		proto_put_u32(m, q->command);
		proto_put_u64(m, q->arg);
		break;
	case EXEC_POLL:
		proto_put_u32(m, q->events);
		proto_put_u32(m, (uint32_t)q->timeout_ms);
		break;
	case EXEC_LOAD:
		proto_put_fd(m, fcntl(q->fd, F_DUPFD_CLOEXEC, 0));
		proto_put_u32(m, q->flags);
		break;
	case EXEC_UNLOAD: proto_put_u32(m, q->flags); break;
	case EXEC_LOG: proto_put_u64(m, (uint64_t)q->offset); break;
	case EXEC_LIST:
	case EXEC_READLINK:
	case EXEC_CLOSE: break;
	}
}

static int host_send(struct exec_session *base, const struct exec_request *q)
{
	struct host_session *s = (struct host_session *)base;
	int rc;

	proto_bulk_release(&s->bulk);
	s->verb = q->verb;
	proto_init(s->m, types[q->verb], ++s->id);
	s->m->flags = PROTO_KEEP_FINDINGS;
	if (q->verb == EXEC_IOCTL)
		s->m->flags |= PROTO_REMOTE_USER;
	put_fields(s->m, q);
	rc = proto_send(s->base.fd, s->m);
	proto_release(s->m);
	return rc;
}

/* What is at an address: the program's memory, or our own. */
static int user_read(const struct host_session *s, uint64_t address, void *to,
		     size_t size)
{
	struct span own;

	if (s->base.own.data) {
		if (!span_slice(s->base.own, address - EXEC_OWN_ADDRESS, size,
				&own))
			return -EFAULT;
		memcpy(to, own.data, size);
		return 0;
	}
	return exec_memory_read(s->base.tid, address, to, size) ? -EFAULT : 0;
}

/* Up to its NUL, or all of @size bytes where there is none. */
static int user_string(const struct host_session *s, uint64_t address, char *to,
		       size_t size, size_t *ret_size)
{
	int rc = exec_memory_string(s->base.tid, address, to, size);

	if (rc && rc != -ENAMETOOLONG)
		return -EFAULT;
	*ret_size = strnlen(to, size);
	return 0;
}

/* UPCALL_USER_*: the status; what was asked for goes into @s->out. */
static int user_memory(struct host_session *s, const struct proto_fields *f)
{
	uint64_t address = f->field[0].num;
	size_t size = (size_t)f->field[1].num;
	_cleanup_free_ char *bytes = NULL;
	int rc;

	if (s->m->type == PROTO_UPCALL_USER_WRITE) {
		struct span from = f->bulk.bytes;

		proto_put_bulk(s->out, "", 0);
		return exec_memory_write(s->base.tid, address, from.data,
					 from.size) ?
			       -EFAULT :
			       0;
	}
	bytes = size <= USER_MAX ? malloc(size + 1) : NULL;
	if (!bytes)
		rc = -EFAULT;
	else if (s->m->type == PROTO_UPCALL_USER_READ)
		rc = user_read(s, address, bytes, size);
	else
		rc = user_string(s, address, bytes, size, &size);
	proto_put_bulk(s->out, bytes, rc ? 0 : size);
	return rc;
}

/* The kernel asks for a module: the resolver and @host do it. */
static int request_module(struct host_backend *b, const char *name)
{
	struct lkm_host *h = b->host;
	int rc = 1;

	pthread_mutex_lock(&b->lock);
	if (h->request_module)
		rc = h->request_module(h->ctx, name);
	pthread_mutex_unlock(&b->lock);
	return rc;
}

static int answer(struct host_session *s)
{
	struct proto_fields f;
	int rc = proto_get_fields(s->m, &f);

	if (rc < 0)
		return rc;
	proto_init(s->out, PROTO_UPCALL_DONE, s->m->id);
	if (s->m->type == PROTO_UPCALL_MODULE) {
		s->out->status = request_module(s->backend, f.field[0].str);
		proto_put_bulk(s->out, "", 0);
	} else {
		s->out->status = user_memory(s, &f);
	}
	proto_fields_release(&f);
	rc = proto_send(s->base.fd, s->out);
	proto_release(s->out);
	return rc;
}

/* Entries as getdents64(2) has them. */
static bool take_entries(struct host_session *s, struct span *ret)
{
	size_t size = 0;
	uint32_t count;

	if (!proto_get_u32(s->m, &count) || count > PROTO_RECORDS_MAX)
		return false;
	free(s->entries);
	s->entries = calloc(count + 1, EXEC_DIRENT_MAX);
	for (uint32_t i = 0; s->entries && i < count; i++) {
		uint8_t *to = s->entries + size;
		const char *name;
		uint32_t type;
		uint64_t ino;
		uint16_t len;

		if (!proto_get_str(s->m, &name) ||
		    !proto_get_u32(s->m, &type) || !proto_get_u64(s->m, &ino) ||
		    strlen(name) > 255)
			return false;
		len = (uint16_t)((EXEC_DIRENT_NAME + strlen(name) + 8) & ~7u);
		memcpy(to, &ino, sizeof(ino));
		memcpy(to + EXEC_DIRENT_LENGTH, &len, sizeof(len));
		to[EXEC_DIRENT_TYPE] = (uint8_t)type;
		memcpy(to + EXEC_DIRENT_NAME, name, strlen(name));
		size += len;
	}
	*ret = (struct span){ s->entries, size };
	return s->entries != NULL;
}

/* Lines as syslog(2) has them. */
static bool take_log(struct host_session *s, struct exec_reply *ret)
{
	struct proto_log l;
	uint32_t count;

	strbuf_clear(&s->log);
	if (!proto_get_u32(s->m, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!proto_get_log(s->m, &l))
			return false;
		strbuf_addf(&s->log, "<%u>[%5llu.%06llu] %s\n", l.level,
			    (unsigned long long)(l.ns / 1000000000),
			    (unsigned long long)(l.ns / 1000 % 1000000),
			    l.text);
	}
	ret->bytes = (struct span){ (const uint8_t *)strbuf_str(&s->log),
				    s->log.len };
	return proto_get_u64(s->m, &ret->position);
}

static bool take_stat(struct proto_message *m, struct exec_stat *ret)
{
	struct proto_stat st;

	if (!proto_get_stat(m, &st))
		return false;
	*ret = (struct exec_stat){ .mode = st.mode,
				   .uid = st.uid,
				   .gid = st.gid,
				   .nlink = st.nlink,
				   .rdev = st.rdev,
				   .size = st.size,
				   .ino = st.ino,
				   .mtime = st.mtime };
	return true;
}

static bool take_fields(struct host_session *s, struct exec_reply *ret)
{
	const char *target;

	switch (s->verb) {
	case EXEC_READ:
		if (!proto_get_bulk(s->m, &s->bulk))
			return false;
		ret->bytes = s->bulk.bytes;
		return true;
	case EXEC_SEEK: return proto_get_u64(s->m, &ret->position);
	case EXEC_LOG: return take_log(s, ret);
	case EXEC_LIST: return take_entries(s, &ret->bytes);
	case EXEC_STAT: return take_stat(s->m, &ret->stat);
	case EXEC_POLL: return proto_get_u32(s->m, &ret->revents);
	case EXEC_READLINK:
		if (!proto_get_str(s->m, &target))
			return false;
		ret->bytes = (struct span){ (const uint8_t *)target,
					    strlen(target) };
		return true;
	default: return true;
	}
}

static int host_receive(struct exec_session *base, struct exec_reply *ret)
{
	struct host_session *s = (struct host_session *)base;
	int rc = proto_receive(s->base.fd, s->m);

	if (rc == -EAGAIN)
		return 0;
	if (rc <= 0)
		return rc ? rc : -EPIPE;
	if (s->m->type != PROTO_REPLY)
		return answer(s);
	if (s->m->id != s->id)
		return -EBADMSG;
	*ret = (struct exec_reply){ .status = s->m->status };
	if (ret->status >= 0 && !take_fields(s, ret))
		return -EBADMSG;
	return 1;
}

static int host_interrupt(struct exec_session *base)
{
	struct host_session *s = (struct host_session *)base;

	proto_init(s->out, PROTO_INTERRUPT, s->id);
	return proto_send(s->base.fd, s->out);
}

static int tell(const struct exec_outcome *o, struct lkm_host *host,
		const char *program, struct lkm_error **reterr)
{
	switch (o->end) {
	case EXEC_ENDED: return 0;
	case EXEC_NO_NOTIFY:
		return FAIL(
			reterr, HOST_EXEC_UNAVAILABLE,
			KV_STR("what", "its system calls cannot be reported"),
			KV_ERRNO(o->err));
	case EXEC_NO_MEMORY:
		return FAIL(reterr, HOST_EXEC_UNAVAILABLE,
			    KV_STR("what", "its memory cannot be read"),
			    KV_ERRNO(o->err));
	case EXEC_NO_PROGRAM:
		return FAIL(reterr, HOST_EXEC_PROGRAM,
			    KV_STR("program", program), KV_ERRNO(o->err));
	case EXEC_NO_HOST: return host_died(host, reterr);
	default: break;
	}
	return error_system(reterr, o->err ? o->err : ECHILD, "supervise",
			    program);
}

/* "Linux version 6.1.0 (by whom) (how) #1 SMP when\n": from the '#' on */
static const char *version_of(const char *banner)
{
	const char *at = strstr(banner, " #");

	return at ? at + 1 : banner;
}

int lkm_host_exec(struct lkm_host *host, const char *const *argv,
		  int *ret_status, struct lkm_error **reterr)
{
	struct host_backend b = {
		.base = { .release = host->info.release,
			  .version = version_of(host->info.banner),
			  .connect = host_connect,
			  .disconnect = host_disconnect,
			  .send = host_send,
			  .receive = host_receive,
			  .interrupt = host_interrupt },
		.host = host,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct exec_outcome o;
	int rc = exec_run(&b.base, argv, &o);

	if (rc < 0)
		return error_system(reterr, rc, "start", argv[0]);
	rc = tell(&o, host, argv[0], reterr);
	if (!rc)
		*ret_status = o.status;
	return rc;
}
