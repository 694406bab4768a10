// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a message between lkm and lkm-host.
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "protocol/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct proto_message in, out;

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
static void as_reply(void)
{
	struct proto_finding f;
	struct proto_log l;
	struct proto_stat s;
	struct proto_status t;
	size_t sum = 0;

	rewind_to(PROTO_HEADER);
	for (uint32_t n = proto_get_finding_count(&in); n; n--) {
		if (!proto_get_finding(&in, &f))
			break;
		sum += strlen(f.kind) + strlen(f.text) + f.frame_count;
		for (uint32_t i = 0; i < f.frame_count; i++)
			sum += strlen(f.frames[i].symbol);
	}
	rewind_to(PROTO_HEADER);
	while (proto_get_log(&in, &l))
		sum += strlen(l.text);
	rewind_to(PROTO_HEADER);
	(void)proto_get_stat(&in, &s);
	rewind_to(PROTO_HEADER);
	(void)proto_get_status(&in, &t);
	if (in.pos > in.size || sum > in.size * 8)
		abort();
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
		as_reply();
	}
	proto_release(&in);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
