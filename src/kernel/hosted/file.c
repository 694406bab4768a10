// SPDX-License-Identifier: LGPL-2.1-or-later
// Files and the log of the hosted kernel.
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "kernel/hosted/hosted.h"

#define READ_SIZE 32768u
#define FILE_MAX ((size_t)64 << 20)
#define ENTRIES_MAX ((size_t)1 << 20)

int host_open(struct lkm_host *h, const char *path, int flags)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_OPEN);
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_str(m, path);
	proto_put_u32(m, (uint32_t)flags);
	proto_put_u32(m, 0);
	rc = host_call(h, m, 0);
	if (rc >= 0)
		host_take_findings(h, m);
	return rc;
}

void host_close(struct lkm_host *h, int handle)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_CLOSE);

	if (!m)
		return;
	proto_put_u32(m, (uint32_t)handle);
	if (host_call(h, m, 0) >= 0)
		host_take_findings(h, m);
}

/* The next bytes of an open file, appended; how many, 0 at its end. */
static int read_more(struct lkm_host *h, int handle, struct strbuf *b)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_READ);
	struct proto_bulk bulk;
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_u32(m, (uint32_t)handle);
	proto_put_u64(m, READ_SIZE);
	proto_put_u64(m, UINT64_MAX);
	rc = host_call(h, m, 0);
	if (rc < 0)
		return rc;
	if (!proto_get_bulk(m, &bulk))
		return -EBADMSG;
	rc = strbuf_add(b, bulk.bytes.data, bulk.bytes.size) ?
		     (int)bulk.bytes.size :
		     -ENOMEM;
	proto_bulk_release(&bulk);
	host_take_findings(h, m);
	return b->len > FILE_MAX ? -EFBIG : rc;
}

int host_read(struct lkm_host *h, const char *path, char **ret,
	      size_t *ret_size)
{
	int handle = host_open(h, path, O_RDONLY);
	struct strbuf b = { 0 };
	int rc;

	if (handle < 0)
		return handle;
	do {
		rc = read_more(h, handle, &b);
	} while (rc > 0);
	host_close(h, handle);
	/* An empty file is a string, too. */
	if (!rc && !strbuf_add(&b, "", 0))
		rc = -ENOMEM;
	if (!rc) {
		*ret_size = b.len;
		*ret = strbuf_take(&b);
		return *ret ? 0 : -ENOMEM;
	}
	strbuf_release(&b);
	return rc;
}

/* How many of them it took */
static int write_some(struct lkm_host *h, int handle, const void *bytes,
		      size_t size)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_WRITE);
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_u32(m, (uint32_t)handle);
	proto_put_u64(m, UINT64_MAX);
	proto_put_bulk(m, bytes, size);
	rc = host_call(h, m, 0);
	if (rc >= 0)
		host_take_findings(h, m);
	return rc;
}

/* A device may take a part at a time, and refuse the rest. */
static int write_handle(struct lkm_host *h, int handle, const char *bytes,
			size_t size)
{
	int rc;

	do {
		rc = write_some(h, handle, bytes, size);
		if (rc <= 0 || (size_t)rc > size)
			return rc < 0 ? rc : rc ? -EBADMSG : 0;
		bytes += rc;
		size -= (size_t)rc;
	} while (size);
	return 0;
}

int host_write(struct lkm_host *h, const char *path, const void *bytes,
	       size_t size)
{
	int handle = host_open(h, path, O_WRONLY);
	int rc;

	if (handle < 0)
		return handle;
	rc = write_handle(h, handle, bytes, size);
	host_close(h, handle);
	return rc;
}

int host_stat(struct lkm_host *h, const char *path, bool follow,
	      struct lkm_host_file *ret)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_STAT);
	struct proto_stat st;
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_str(m, path);
	proto_put_u32(m, follow);
	rc = host_call(h, m, 0);
	if (rc < 0)
		return rc;
	if (!proto_get_stat(m, &st))
		return -EBADMSG;
	host_take_findings(h, m);
	*ret = (struct lkm_host_file){ .name = path,
				       .mode = st.mode,
				       .uid = st.uid,
				       .gid = st.gid,
				       .nlink = st.nlink,
				       .rdev = st.rdev,
				       .size = st.size,
				       .ino = st.ino,
				       .mtime = st.mtime };
	return 0;
}

/* Names lie in the arena until the list is made. */
struct listing {
	struct arena names;
	VEC(struct lkm_host_file) files;
	size_t name_bytes;
};

static int add_entry(struct listing *l, struct proto_message *m)
{
	struct lkm_host_file f = { 0 };
	const char *name;
	uint32_t type;

	if (!proto_get_str(m, &name) || !proto_get_u32(m, &type) ||
	    !proto_get_u64(m, &f.ino) || type > DT_WHT)
		return -EBADMSG;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (l->files.len == ENTRIES_MAX)
		return -E2BIG;
	f.name = arena_strdup(&l->names, name);
	f.mode = (uint32_t)DTTOIF(type);
	l->name_bytes += strlen(name) + 1;
	return f.name && vec_push(&l->files, f) ? 0 : -ENOMEM;
}

/* The next entries; how many, 0 at the end. */
static int list_more(struct lkm_host *h, int handle, struct listing *l)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_LIST);
	uint32_t count;
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_u32(m, (uint32_t)handle);
	rc = host_call(h, m, 0);
	if (rc < 0)
		return rc;
	if (!proto_get_u32(m, &count) || count > PROTO_RECORDS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < count && rc >= 0; i++)
		rc = add_entry(l, m);
	if (rc < 0)
		return rc;
	host_take_findings(h, m);
	return (int)count;
}

static int by_name(const void *a, const void *b)
{
	const struct lkm_host_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* One allocation: the entries, and behind them their names. */
static int listing_take(struct listing *l, struct lkm_host_file **ret,
			size_t *ret_count)
{
	size_t count = l->files.len;
	struct lkm_host_file *files;
	char *name;

	files = malloc((count + 1) * sizeof(*files) + l->name_bytes);
	if (!files)
		return -ENOMEM;
	name = (char *)(files + count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(l->files.data[i].name) + 1;

		files[i] = l->files.data[i];
		files[i].name = memcpy(name, files[i].name, size);
		name += size;
	}
	qsort(files, count, sizeof(*files), by_name);
	*ret = files;
	*ret_count = count;
	return 0;
}

int host_list(struct lkm_host *h, const char *path, struct lkm_host_file **ret,
	      size_t *ret_count)
{
	int handle = host_open(h, path, O_RDONLY | O_DIRECTORY);
	struct listing l = { 0 };
	int rc;

	if (handle < 0)
		return handle;
	do {
		rc = list_more(h, handle, &l);
	} while (rc > 0);
	host_close(h, handle);
	if (!rc)
		rc = listing_take(&l, ret, ret_count);
	vec_release(&l.files);
	arena_release(&l.names);
	return rc;
}

/* One message's records; how many. */
static int log_more(struct lkm_host *h, uint64_t from,
		    void (*fn)(void *ctx, const struct lkm_log_record *record),
		    void *ctx, uint64_t *ret_next)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_LOG);
	struct proto_log l;
	uint32_t count;
	int rc;

	if (!m)
		return -ENOMEM;
	proto_put_u64(m, from);
	rc = host_call(h, m, 0);
	if (rc < 0)
		return rc;
	if (!proto_get_u32(m, &count) || count > PROTO_RECORDS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < count; i++) {
		if (!proto_get_log(m, &l))
			return -EBADMSG;
		if (fn)
			fn(ctx, &(struct lkm_log_record){ l.seq, l.ns, l.level,
							  l.text });
	}
	if (!proto_get_u64(m, ret_next))
		return -EBADMSG;
	host_take_findings(h, m);
	return (int)count;
}

int host_log(struct lkm_host *h, uint64_t from,
	     void (*fn)(void *ctx, const struct lkm_log_record *record),
	     void *ctx, uint64_t *ret_next)
{
	uint64_t next = from;
	int rc;

	do {
		rc = log_more(h, next, fn, ctx, &next);
	} while (rc > 0);
	if (!rc)
		*ret_next = next;
	return rc;
}

int lkm_host_read(struct lkm_host *host, const char *path, char **ret,
		  size_t *ret_size, struct lkm_error **reterr)
{
	int rc = host_read(host, path, ret, ret_size);

	return rc < 0 ? host_error(host, rc, "read", path, reterr) : 0;
}

int lkm_host_write(struct lkm_host *host, const char *path, const void *bytes,
		   size_t size, struct lkm_error **reterr)
{
	int rc = host_write(host, path, bytes, size);

	return rc < 0 ? host_error(host, rc, "write", path, reterr) : 0;
}

int lkm_host_stat(struct lkm_host *host, const char *path, bool follow,
		  struct lkm_host_file *ret, struct lkm_error **reterr)
{
	int rc = host_stat(host, path, follow, ret);

	return rc < 0 ? host_error(host, rc, "look at", path, reterr) : 0;
}

int lkm_host_list(struct lkm_host *host, const char *path,
		  struct lkm_host_file **ret, size_t *ret_count,
		  struct lkm_error **reterr)
{
	int rc = host_list(host, path, ret, ret_count);

	return rc < 0 ? host_error(host, rc, "list", path, reterr) : 0;
}

int lkm_host_readlink(struct lkm_host *host, const char *path, char **ret,
		      struct lkm_error **reterr)
{
	_cleanup_message_ struct proto_message *m = host_message(
		PROTO_READLINK);
	const char *target;
	int rc;

	if (!m)
		return error_nomem(reterr);
	proto_put_str(m, path);
	rc = host_call(host, m, 0);
	if (rc >= 0 && !proto_get_str(m, &target))
		rc = -EBADMSG;
	if (rc < 0)
		return host_error(host, rc, "read", path, reterr);
	*ret = strdup(target);
	host_take_findings(host, m);
	return *ret ? 0 : error_nomem(reterr);
}

int lkm_host_log(struct lkm_host *host, uint64_t from,
		 void (*fn)(void *ctx, const struct lkm_log_record *record),
		 void *ctx, uint64_t *ret_next, struct lkm_error **reterr)
{
	uint64_t next;
	int rc = host_log(host, from, fn, ctx, &next);

	if (rc < 0)
		return host_error(host, rc, "read", "the log", reterr);
	if (ret_next)
		*ret_next = next;
	return 0;
}

int lkm_host_status(struct lkm_host *host, struct lkm_host_status *ret,
		    struct lkm_error **reterr)
{
	_cleanup_message_ struct proto_message *m = host_message(PROTO_STATUS);
	struct proto_status st;
	int rc;

	if (!m)
		return error_nomem(reterr);
	rc = host_call(host, m, 0);
	if (rc >= 0 && !proto_get_status(m, &st))
		rc = -EBADMSG;
	if (rc < 0)
		return host_error(host, rc, "ask for", "the status", reterr);
	*ret = (struct lkm_host_status){ .memory_live = st.memory_live,
					 .uptime_ns = st.uptime_ns,
					 .warnings = st.warnings,
					 .emulated = st.emulated,
					 .threads = st.threads,
					 .connections = st.connections,
					 .handles = st.handles,
					 .requests = st.requests };
	host_take_findings(host, m);
	return 0;
}
