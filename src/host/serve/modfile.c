// SPDX-License-Identifier: GPL-2.0-only
// Module files for a process that opens none: another reads them for it.
#include "host/serve/modfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "base/map.h"
#include "base/span.h"
#include "image/codec.h"
#include "protocol/protocol.h"

/* Files that many loads of a batch need, read once before the forks. */
#define KEPT_MAX 4096
#define KEPT_BYTES_MAX (256UL << 20)

static struct {
	int fd;
	uint32_t last_id;
	struct proto_message m;
	struct bytes files[KEPT_MAX];
	struct map by_path;
	size_t count;
	uint64_t total;
} f = { .fd = -1 };

void bytes_release(struct bytes *b)
{
	if (b->data)
		munmap(b->data, b->mapped);
	b->data = NULL;
}

/* Shared with copies of this process: a fork copies no page table of it. */
static int bytes_new(size_t size, struct bytes *ret)
{
	void *p = mmap(NULL, size + 2, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	*ret = (struct bytes){ p, size, size + 2 };
	return 0;
}

int bytes_read(const char *path, struct bytes *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bytes b;
	struct stat st;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    bytes_new((size_t)st.st_size, &b) < 0)
		return -1;
	while (done < b.size) {
		ssize_t n = read(fd, b.data + done, b.size - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	b.size = done;
	*ret = b;
	return 0;
}

/* Adds the file to @m, not compressed. */
static int put_module(const char *path, struct proto_message *m)
{
	struct bytes b;
	struct codec codec = { 0 };
	enum lkm_compression format;
	const char *unknown;
	struct span raw;
	int r = 0;

	if (bytes_read(path, &b) < 0)
		return -1;
	raw = (struct span){ (uint8_t *)b.data, b.size };
	format = codec_detect(raw, &unknown);
	if (format == LKM_COMPRESSION_NONE) {
		proto_put_bulk(m, b.data, b.size);
	} else {
		r = codec_decode(&codec, format, raw, path, NULL);
		if (!r)
			proto_put_bulk(m, codec.out, codec.size);
		codec_release(&codec);
	}
	bytes_release(&b);
	return r;
}

/* Who asks runs a kernel's code: it gets modules, and nothing else. */
static bool is_module_name(const char *path)
{
	static const char *const ends[] = { ".ko", ".ko.gz", ".ko.xz",
					    ".ko.zst" };
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && !strcmp(path + len - n, ends[i]))
			return true;
	}
	return false;
}

static int answer(struct proto_message *m)
{
	struct proto_fields fields;
	char path[PROTO_STRING_MAX + 1];

	if (m->type != PROTO_OPEN || proto_get_fields(m, &fields) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s", fields.field[0].str);
	proto_fields_release(&fields);
	proto_init(m, PROTO_REPLY, m->id);
	if (!is_module_name(path) || put_module(path, m) < 0) {
		proto_init(m, PROTO_REPLY, m->id);
		m->status = -ENOENT;
	}
	return proto_send(f.fd, m);
}

void modfile_serve(int fd)
{
	f.fd = fd;
	while (proto_receive(fd, &f.m) == 1 && answer(&f.m) == 0)
		proto_release(&f.m);
	proto_release(&f.m);
	close(fd);
}

void modfile_ask_at(int fd)
{
	f.fd = fd;
}

/* What a copy that was killed had asked for may come before our answer. */
static int ask(const char *path, struct proto_message *m)
{
	uint32_t id = ((uint32_t)getpid() << 12) + ++f.last_id;
	int r;

	proto_init(m, PROTO_OPEN, id);
	proto_put_str(m, path);
	proto_put_u32(m, O_RDONLY);
	proto_put_u32(m, 0);
	r = proto_send(f.fd, m);
	if (r < 0)
		return r;
	do {
		r = proto_receive(f.fd, m);
	} while (r == 1 && m->id != id);
	return r == 1 ? m->status : -EIO;
}

static int fetch(const char *path, struct bytes *ret)
{
	struct proto_bulk bulk;
	int r = -1;

	if (ask(path, &f.m) < 0 || !proto_get_bulk(&f.m, &bulk))
		return -1;
	if (bytes_new(bulk.bytes.size, ret) == 0) {
		if (bulk.bytes.size)
			memcpy(ret->data, bulk.bytes.data, bulk.bytes.size);
		r = 0;
	}
	proto_bulk_release(&bulk);
	proto_release(&f.m);
	return r;
}

static const struct bytes *find_kept(const char *path)
{
	return map_get(&f.by_path, path);
}

void modfile_keep(const char *path)
{
	struct bytes b;
	char *key;

	if (f.count == KEPT_MAX || f.total > KEPT_BYTES_MAX ||
	    find_kept(path) || fetch(path, &b) < 0)
		return;
	key = strdup(path);
	f.files[f.count] = b;
	if (!key || !map_set(&f.by_path, key, &f.files[f.count])) {
		free(key);
		bytes_release(&b);
		return;
	}
	f.count++;
	f.total += b.mapped;
}

int modfile_read(const char *path, struct bytes *ret, bool *ret_shared)
{
	const struct bytes *b = find_kept(path);

	*ret_shared = b != NULL;
	if (!b)
		return fetch(path, ret);
	*ret = *b;
	return 0;
}
