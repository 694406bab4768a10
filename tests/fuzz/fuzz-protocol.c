// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a message between lkm and lkm-host.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "protocol/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct proto_message in, out, back;

/* @out over the wire to @back: what can be sent can be received. */
static void carry(const int fd[2])
{
	if (out.failed)
		return;
	if (proto_send(fd[0], &out) < 0 || proto_receive(fd[1], &back) != 1)
		abort();
}

/* What was read must be written so that the same is read again. */
static void put_again(const struct proto_fields *f, const char *kinds)
{
	proto_init(&out, in.type, in.id);
	for (unsigned int i = 0; i < f->count; i++) {
		if (kinds[i] == 'w')
			proto_put_u32(&out, (uint32_t)f->field[i].num);
		else if (kinds[i] == 'q')
			proto_put_u64(&out, f->field[i].num);
		else if (kinds[i] == 's')
			proto_put_str(&out, f->field[i].str);
		else
			proto_put_bulk(&out, f->bulk.bytes.data,
				       f->bulk.bytes.size);
	}
	proto_put_header(&out);
	if (out.failed || out.size > in.size)
		abort();
	if (!out.fd_count &&
	    (out.size != in.size ||
	     memcmp(out.bytes + PROTO_HEADER, in.bytes + PROTO_HEADER,
		    in.size - PROTO_HEADER) != 0))
		abort();
	proto_release(&out);
}

static void as_request(void)
{
	static const struct {
		uint16_t type;
		const char *kinds;
	} types[] = {
#define MESSAGE(number, name, fields) { (number), fields },
#include "protocol/protocol.def"
#undef MESSAGE
	};
	struct proto_fields f;

	if (proto_get_fields(&in, &f) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == in.type)
			put_again(&f, types[i].kinds);
	proto_fields_release(&f);
}

static void rewind_to(size_t at)
{
	in.pos = at;
	in.failed = false;
}

/* The fields of a reply are what its request makes them: try each kind. */
static void as_reply(const int fd[2])
{
	struct proto_finding f, f2;
	struct proto_log l, l2;
	struct proto_stat s = { 0 }, s2 = { 0 };
	struct proto_status t = { 0 }, t2 = { 0 };
	size_t sum = 0;

	proto_init(&out, 32, 1);

	rewind_to(PROTO_HEADER);
	for (uint32_t n = proto_get_finding_count(&in); n; n--) {
		if (!proto_get_finding(&in, &f))
			break;
		sum += strlen(f.kind) + strlen(f.text) + f.frame_count;
		for (uint32_t i = 0; i < f.frame_count; i++)
			sum += strlen(f.frames[i].symbol);
		(void)proto_put_finding(&out, &f);
	}
	carry(fd);
	for (uint32_t n = proto_get_finding_count(&back); n; n--)
		if (!proto_get_finding(&back, &f2))
			abort();
	rewind_to(PROTO_HEADER);
	while (proto_get_log(&in, &l))
		sum += strlen(l.text);
	rewind_to(PROTO_HEADER);
	proto_init(&out, 32, 1);
	if (proto_get_log(&in, &l) && proto_put_log(&out, &l)) {
		carry(fd);
		if (!proto_get_log(&back, &l2) || l2.seq != l.seq ||
		    strcmp(l2.text, l.text) != 0)
			abort();
	}
	rewind_to(PROTO_HEADER);
	proto_init(&out, 32, 1);
	if (proto_get_stat(&in, &s) && proto_put_stat(&out, &s)) {
		carry(fd);
		if (!proto_get_stat(&back, &s2) || s2.ino != s.ino)
			abort();
	}
	rewind_to(PROTO_HEADER);
	proto_init(&out, 32, 1);
	if (proto_get_status(&in, &t) && proto_put_status(&out, &t)) {
		carry(fd);
		if (!proto_get_status(&back, &t2) || t2.threads != t.threads)
			abort();
	}
	if (in.pos > in.size || sum > in.size * 8)
		abort();
}

/* More bytes than a message holds, and a file handed over. */
static void as_bulk(const int fd[2], const uint8_t *data, size_t size)
{
	size_t big = PROTO_INLINE_MAX + size, got;
	uint8_t *bytes = calloc(big, 1);
	struct proto_bulk b;
	void *whole;
	int memfd;

	if (!bytes)
		abort();
	memcpy(bytes + PROTO_INLINE_MAX, data, size);
	for (int twice = 0; twice < 2; twice++) {
		proto_init(&out, 6, 1);
		if (!proto_put_bulk(&out, bytes, big))
			abort();
		carry(fd);
		if (twice) {
			memfd = proto_take_fd(&back);
			if (proto_read_file(memfd, big - 1, &whole, &got) !=
				    -EFBIG ||
			    proto_read_file(memfd, big, &whole, &got) < 0 ||
			    got != big || memcmp(whole, bytes, big) != 0)
				abort();
			munmap(whole, big + 1);
			close(memfd);
		} else {
			if (!proto_get_bulk(&back, &b) || b.bytes.size != big ||
			    memcmp(b.bytes.data, bytes, big) != 0)
				abort();
			proto_bulk_release(&b);
		}
	}
	if (!proto_peer_is_me(fd[0]) ||
	    proto_read_file(fd[0], 1, &whole, &got) != -EINVAL)
		abort();
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd[2];

	if (size > PROTO_MESSAGE_MAX || !size ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) < 0)
		return 0;
	if (send(fd[0], data, size, 0) == (ssize_t)size &&
	    proto_receive(fd[1], &in) == 1) {
		as_request();
		as_reply(fd);
	}
	as_bulk(fd, data, size);
	proto_release(&in);
	proto_release(&out);
	proto_release(&back);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
