// SPDX-License-Identifier: LGPL-2.1-or-later
// A message's fields: the bounded writer and reader.
#include <string.h>

#include "protocol/protocol.h"

static const struct {
	uint16_t type;
	const char *name, *fields;
} types[] = {
#define MESSAGE(number, name, fields) { (number), #name, fields },
#include "protocol/protocol.def"
#undef MESSAGE
};

void proto_release(struct proto_message *m)
{
	for (unsigned int i = m->fds_taken; i < m->fd_count; i++)
		close(m->fds[i]);
	m->fd_count = m->fds_taken = 0;
}

static void store(uint8_t *to, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

void proto_init(struct proto_message *m, uint16_t type, uint32_t id)
{
	proto_release(m);
	m->type = type;
	m->id = id;
	m->flags = 0;
	m->status = 0;
	m->failed = false;
	m->findings_at = 0;
	m->size = m->pos = PROTO_HEADER;
}

void proto_put_header(struct proto_message *m)
{
	store(m->bytes, PROTO_MAGIC, 4);
	store(m->bytes + 4, m->type, 2);
	store(m->bytes + 6, PROTO_VERSION, 2);
	store(m->bytes + 8, m->id, 4);
	store(m->bytes + 12, (uint32_t)m->status, 4);
	store(m->bytes + 16, m->flags, 4);
	store(m->bytes + 20, 0, 4);
}

const char *proto_name(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

static uint8_t *room(struct proto_message *m, size_t size)
{
	uint8_t *p = m->bytes + m->size;

	if (m->failed || size > sizeof(m->bytes) - m->size) {
		m->failed = true;
		return NULL;
	}
	m->size += size;
	return p;
}

bool proto_put_u32(struct proto_message *m, uint32_t v)
{
	uint8_t *p = room(m, 4);

	if (p)
		store(p, v, 4);
	return p;
}

bool proto_put_u64(struct proto_message *m, uint64_t v)
{
	uint8_t *p = room(m, 8);

	if (p)
		store(p, v, 8);
	return p;
}

bool proto_put_str(struct proto_message *m, const char *s)
{
	size_t len = strlen(s);
	uint8_t *p;

	if (len > PROTO_STRING_MAX)
		m->failed = true;
	p = m->failed ? NULL : room(m, 4 + len + 1);
	if (!p)
		return false;
	store(p, len, 4);
	memcpy(p + 4, s, len + 1);
	return true;
}

bool proto_put_fd(struct proto_message *m, int fd)
{
	if (fd < 0 || m->fd_count == PROTO_FDS_MAX) {
		if (fd >= 0)
			close(fd);
		m->failed = true;
		return false;
	}
	m->fds[m->fd_count++] = fd;
	return true;
}

int proto_take_fd(struct proto_message *m)
{
	return m->fds_taken < m->fd_count ? m->fds[m->fds_taken++] : -1;
}

static bool take(struct proto_message *m, uint64_t size, struct span *ret)
{
	struct span all = { m->bytes, m->size };

	if (m->failed || !span_slice(all, m->pos, size, ret)) {
		m->failed = true;
		return false;
	}
	m->pos += size;
	return true;
}

bool proto_get_u32(struct proto_message *m, uint32_t *ret)
{
	struct span s;

	return take(m, 4, &s) && span_u32(s, 0, false, ret);
}

bool proto_get_u64(struct proto_message *m, uint64_t *ret)
{
	struct span s;

	return take(m, 8, &s) && span_u64(s, 0, false, ret);
}

bool proto_get_str(struct proto_message *m, const char **ret)
{
	struct span s;
	uint32_t len;

	if (!proto_get_u32(m, &len) || len > PROTO_STRING_MAX ||
	    !take(m, (uint64_t)len + 1, &s) || memchr(s.data, 0, len) ||
	    s.data[len]) {
		m->failed = true;
		return false;
	}
	*ret = (const char *)s.data;
	return true;
}

int proto_parse(struct proto_message *m)
{
	struct span all = { m->bytes, m->size };
	uint16_t version;
	uint32_t magic, status;

	if (!span_u32(all, 0, false, &magic) || magic != PROTO_MAGIC ||
	    !span_u16(all, 4, false, &m->type) ||
	    !span_u16(all, 6, false, &version) || version != PROTO_VERSION ||
	    !span_u32(all, 8, false, &m->id) ||
	    !span_u32(all, 12, false, &status) ||
	    !span_u32(all, 16, false, &m->flags) || all.size < PROTO_HEADER)
		return -EBADMSG;
	m->status = (int32_t)status;
	m->pos = PROTO_HEADER;
	m->failed = false;
	return 0;
}

static const char *fields_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].fields;
	return NULL;
}

static bool get_field(struct proto_message *m, char kind,
		      struct proto_fields *f)
{
	uint32_t w;

	switch (kind) {
	case 'w':
		if (!proto_get_u32(m, &w))
			return false;
		f->field[f->count].num = w;
		return true;
	case 'q': return proto_get_u64(m, &f->field[f->count].num);
	case 's': return proto_get_str(m, &f->field[f->count].str);
	default: return proto_get_bulk(m, &f->bulk);
	}
}

int proto_get_fields(struct proto_message *m, struct proto_fields *ret)
{
	const char *fields = fields_of(m->type);
	struct proto_fields f = { 0 };

	if (!fields)
		return -ENOSYS;
	for (; *fields; fields++) {
		if (!get_field(m, *fields, &f)) {
			proto_fields_release(&f);
			return -EBADMSG;
		}
		f.count++;
	}
	if (m->pos != m->size) {
		proto_fields_release(&f);
		return -EBADMSG;
	}
	*ret = f;
	return 0;
}

void proto_fields_release(struct proto_fields *f)
{
	proto_bulk_release(&f->bulk);
}
