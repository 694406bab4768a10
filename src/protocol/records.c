// SPDX-License-Identifier: LGPL-2.1-or-later
// Structures inside of messages: findings, log lines, files, counters.
#include "protocol/protocol.h"

static bool put_frame(struct proto_message *m, const struct proto_frame *f)
{
	return proto_put_str(m, f->symbol) && proto_put_str(m, f->module) &&
	       proto_put_u64(m, f->offset) && proto_put_u64(m, f->size) &&
	       proto_put_u32(m, f->flags);
}

static bool put_finding(struct proto_message *m, const struct proto_finding *f)
{
	uint32_t n = MIN_OF(f->frame_count, (uint32_t)PROTO_FRAMES_MAX);

	proto_put_str(m, f->kind);
	proto_put_str(m, f->module);
	proto_put_str(m, f->text);
	proto_put_u32(m, n);
	for (uint32_t i = 0; i < n; i++)
		put_frame(m, &f->frames[i]);
	return !m->failed;
}

/* One more in the number that stands before the findings. */
static void count_finding(struct proto_message *m)
{
	size_t end = m->size, pos = m->pos;
	uint32_t n = 0;

	m->pos = m->findings_at;
	(void)proto_get_u32(m, &n);
	m->size = m->findings_at;
	proto_put_u32(m, n + 1);
	m->size = end;
	m->pos = pos;
	m->flags |= PROTO_FINDINGS;
}

bool proto_put_finding(struct proto_message *m, const struct proto_finding *f)
{
	size_t before = m->size;
	size_t first = m->findings_at ? m->findings_at : before;

	if (m->failed)
		return false;
	if ((m->findings_at || proto_put_u32(m, 0)) && put_finding(m, f)) {
		m->findings_at = first;
		count_finding(m);
		return true;
	}
	m->failed = false;
	m->size = before;
	m->flags |= PROTO_MORE_FINDINGS;
	return false;
}

uint32_t proto_get_finding_count(struct proto_message *m)
{
	uint32_t n = 0;

	if (!(m->flags & PROTO_FINDINGS) || !proto_get_u32(m, &n))
		return 0;
	if (n > PROTO_RECORDS_MAX) {
		m->failed = true;
		return 0;
	}
	return n;
}

static bool get_frame(struct proto_message *m, struct proto_frame *ret)
{
	return proto_get_str(m, &ret->symbol) &&
	       proto_get_str(m, &ret->module) &&
	       proto_get_u64(m, &ret->offset) && proto_get_u64(m, &ret->size) &&
	       proto_get_u32(m, &ret->flags);
}

bool proto_get_finding(struct proto_message *m, struct proto_finding *ret)
{
	uint32_t n;

	if (!proto_get_str(m, &ret->kind) || !proto_get_str(m, &ret->module) ||
	    !proto_get_str(m, &ret->text) || !proto_get_u32(m, &n))
		return false;
	if (n > PROTO_FRAMES_MAX) {
		m->failed = true;
		return false;
	}
	ret->frame_count = n;
	for (uint32_t i = 0; i < n; i++)
		if (!get_frame(m, &ret->frames[i]))
			return false;
	return true;
}

bool proto_put_log(struct proto_message *m, const struct proto_log *l)
{
	return proto_put_u64(m, l->seq) && proto_put_u64(m, l->ns) &&
	       proto_put_u32(m, l->level) && proto_put_str(m, l->text);
}

bool proto_get_log(struct proto_message *m, struct proto_log *ret)
{
	return proto_get_u64(m, &ret->seq) && proto_get_u64(m, &ret->ns) &&
	       proto_get_u32(m, &ret->level) && proto_get_str(m, &ret->text);
}

bool proto_put_stat(struct proto_message *m, const struct proto_stat *s)
{
	return proto_put_u32(m, s->mode) && proto_put_u32(m, s->uid) &&
	       proto_put_u32(m, s->gid) && proto_put_u32(m, s->nlink) &&
	       proto_put_u64(m, s->rdev) && proto_put_u64(m, s->size) &&
	       proto_put_u64(m, s->ino) && proto_put_u64(m, s->mtime);
}

bool proto_get_stat(struct proto_message *m, struct proto_stat *ret)
{
	return proto_get_u32(m, &ret->mode) && proto_get_u32(m, &ret->uid) &&
	       proto_get_u32(m, &ret->gid) && proto_get_u32(m, &ret->nlink) &&
	       proto_get_u64(m, &ret->rdev) && proto_get_u64(m, &ret->size) &&
	       proto_get_u64(m, &ret->ino) && proto_get_u64(m, &ret->mtime);
}

bool proto_put_status(struct proto_message *m, const struct proto_status *s)
{
	return proto_put_u64(m, s->memory_live) &&
	       proto_put_u64(m, s->uptime_ns) &&
	       proto_put_u64(m, s->warnings) && proto_put_u64(m, s->emulated) &&
	       proto_put_u32(m, s->threads) &&
	       proto_put_u32(m, s->connections) &&
	       proto_put_u32(m, s->handles) && proto_put_u32(m, s->requests);
}

bool proto_get_status(struct proto_message *m, struct proto_status *ret)
{
	return proto_get_u64(m, &ret->memory_live) &&
	       proto_get_u64(m, &ret->uptime_ns) &&
	       proto_get_u64(m, &ret->warnings) &&
	       proto_get_u64(m, &ret->emulated) &&
	       proto_get_u32(m, &ret->threads) &&
	       proto_get_u32(m, &ret->connections) &&
	       proto_get_u32(m, &ret->handles) &&
	       proto_get_u32(m, &ret->requests);
}
