// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages between lkm and lkm-host: fields, limits, descriptors, records.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "protocol/protocol.h"

struct pair {
	int fd[2];
	struct proto_message out, in;
};

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->fd),
		0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	proto_release(&p->out);
	proto_release(&p->in);
	close(p->fd[0]);
	if (p->fd[1] >= 0)
		close(p->fd[1]);
	free(p);
	return 0;
}

static void pass(struct pair *p)
{
	assert_int_equal(proto_send(p->fd[0], &p->out), 0);
	assert_int_equal(proto_receive(p->fd[1], &p->in), 1);
}

static void fields_come_as_they_were_put(void **state)
{
	struct pair *p = *state;
	struct proto_fields f;

	proto_init(&p->out, PROTO_WRITE, 77);
	p->out.flags = PROTO_REMOTE_USER;
	p->out.status = -22;
	assert_true(proto_put_u32(&p->out, 0x80000001u));
	assert_true(proto_put_u64(&p->out, UINT64_MAX));
	assert_true(proto_put_bulk(&p->out, "bytes\0!", 7));
	pass(p);
	assert_int_equal(p->in.type, PROTO_WRITE);
	assert_int_equal(p->in.id, 77);
	assert_int_equal(p->in.flags, PROTO_REMOTE_USER);
	assert_int_equal(p->in.status, -22);
	assert_int_equal(proto_get_fields(&p->in, &f), 0);
	assert_int_equal(f.count, 3);
	assert_int_equal(f.field[0].num, 0x80000001u);
	assert_true(f.field[1].num == UINT64_MAX);
	assert_int_equal(f.bulk.bytes.size, 7);
	assert_memory_equal(f.bulk.bytes.data, "bytes\0!", 7);
	proto_fields_release(&f);
	assert_string_equal(proto_name(PROTO_WRITE), "WRITE");
	assert_string_equal(proto_name(31), "?");
}

static void fields_must_be_all_there_and_no_more(void **state)
{
	struct pair *p = *state;
	struct proto_fields f;

	proto_init(&p->out, PROTO_OPEN, 1);
	proto_put_str(&p->out, "/dev/null");
	proto_put_u32(&p->out, 0);
	pass(p);
	assert_int_equal(proto_get_fields(&p->in, &f), -EBADMSG);
	proto_put_u32(&p->out, 0);
	pass(p);
	assert_int_equal(proto_get_fields(&p->in, &f), 0);
	assert_string_equal(f.field[0].str, "/dev/null");
	proto_put_u32(&p->out, 0);
	pass(p);
	assert_int_equal(proto_get_fields(&p->in, &f), -EBADMSG);
	proto_init(&p->out, 9999, 1);
	pass(p);
	assert_int_equal(proto_get_fields(&p->in, &f), -ENOSYS);
}

static void strings_have_a_limit_and_no_nul(void **state)
{
	struct pair *p = *state;
	char longest[PROTO_STRING_MAX + 2];
	const char *s;

	memset(longest, 'x', sizeof(longest));
	longest[PROTO_STRING_MAX + 1] = '\0';
	proto_init(&p->out, PROTO_READLINK, 1);
	assert_false(proto_put_str(&p->out, longest));
	assert_int_equal(proto_send(p->fd[0], &p->out), -EMSGSIZE);

	longest[PROTO_STRING_MAX] = '\0';
	proto_init(&p->out, PROTO_READLINK, 1);
	assert_true(proto_put_str(&p->out, longest));
	p->out.bytes[PROTO_HEADER + 10] = '\0';
	pass(p);
	assert_false(proto_get_str(&p->in, &s));
	p->out.bytes[PROTO_HEADER + 10] = 'x';
	p->out.bytes[p->out.size - 1] = 'x'; /* no end */
	pass(p);
	assert_false(proto_get_str(&p->in, &s));
	p->out.bytes[p->out.size - 1] = '\0';
	pass(p);
	assert_true(proto_get_str(&p->in, &s));
	assert_string_equal(s, longest);
	assert_false(proto_get_str(&p->in, &s));
}

static void a_message_has_a_limit(void **state)
{
	struct pair *p = *state;
	char text[4001];
	size_t n = 0;

	memset(text, 'x', 4000);
	text[4000] = '\0';
	proto_init(&p->out, PROTO_REPLY, 1);
	while (proto_put_str(&p->out, text))
		n++;
	assert_int_equal(n, (PROTO_MESSAGE_MAX - PROTO_HEADER) / 4005);
	assert_false(proto_put_u32(&p->out, 1)); /* though that would fit */
	assert_int_equal(proto_send(p->fd[0], &p->out), -EMSGSIZE);
}

static void many_bytes_go_by_a_sealed_memfd(void **state)
{
	struct pair *p = *state;
	size_t size = 3u << 20;
	char *bytes = malloc(size);
	struct proto_bulk b;

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7);
	proto_init(&p->out, PROTO_REPLY, 1);
	assert_true(proto_put_bulk(&p->out, bytes, size));
	assert_int_equal(p->out.fd_count, 1);
	pass(p);
	assert_true(proto_get_bulk(&p->in, &b));
	assert_int_equal(b.bytes.size, size);
	assert_memory_equal(b.bytes.data, bytes, size);
	proto_bulk_release(&b);
	proto_bulk_release(&b); /* harmless */

	/* said to be longer than it is */
	p->out.bytes[PROTO_HEADER + 4]++;
	pass(p);
	assert_false(proto_get_bulk(&p->in, &b));
	free(bytes);
}

static void a_memfd_that_could_shrink_is_refused(void **state)
{
	struct pair *p = *state;
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct proto_bulk b;

	assert_int_equal(ftruncate(fd, 65000), 0);
	proto_init(&p->out, PROTO_REPLY, 1);
	proto_put_u32(&p->out, 1);
	proto_put_u64(&p->out, 65000);
	assert_true(proto_put_fd(&p->out, fd));
	pass(p);
	assert_false(proto_get_bulk(&p->in, &b));
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	pass(p);
	assert_true(proto_get_bulk(&p->in, &b));
	assert_int_equal(b.bytes.size, 65000);
	proto_bulk_release(&b);
}

static void descriptors_are_taken_or_closed(void **state)
{
	struct pair *p = *state;
	int pipes[2], mine;
	char c = 'x';

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	proto_init(&p->out, PROTO_LOAD, 1);
	for (int i = 0; i < PROTO_FDS_MAX; i++)
		assert_true(proto_put_fd(&p->out, dup(pipes[1])));
	pass(p);
	mine = proto_take_fd(&p->in);
	assert_true(mine >= 0);
	assert_true(fcntl(mine, F_GETFD) & FD_CLOEXEC);
	close(pipes[1]);
	proto_release(&p->out);
	proto_release(&p->in);
	assert_int_equal(write(mine, &c, 1), 1);
	close(mine);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(read(pipes[0], &c, 1), 0); /* nobody has it open */
	close(pipes[0]);
	assert_int_equal(proto_take_fd(&p->in), -1);

	assert_false(proto_put_fd(&p->out, -1));
	assert_true(p->out.failed);
}

static void what_is_no_message_is_refused(void **state)
{
	struct pair *p = *state;
	static char big[PROTO_MESSAGE_MAX + 1];

	assert_int_equal(send(p->fd[0], "hello", 5, 0), 5);
	assert_int_equal(proto_receive(p->fd[1], &p->in), -EBADMSG);
	proto_init(&p->out, PROTO_HELLO, 1);
	pass(p);
	memcpy(big, p->out.bytes, PROTO_HEADER);
	assert_int_equal(send(p->fd[0], big, sizeof(big), 0), sizeof(big));
	assert_int_equal(proto_receive(p->fd[1], &p->in), -EBADMSG);
	big[6] = 9; /* another version */
	assert_int_equal(send(p->fd[0], big, PROTO_HEADER, 0), PROTO_HEADER);
	assert_int_equal(proto_receive(p->fd[1], &p->in), -EBADMSG);
	pass(p);
	assert_true(proto_peer_is_me(p->fd[1]));
	assert_false(proto_peer_is_me(STDIN_FILENO));
	close(p->fd[1]);
	assert_int_equal(proto_receive(p->fd[0], &p->in), 0);
	assert_int_equal(proto_send(p->fd[0], &p->out), -EPIPE);
	p->fd[1] = -1;
}

static struct proto_finding finding(uint32_t frames)
{
	struct proto_finding f = { .kind = "oops",
				   .module = "bad",
				   .text = "bad_init() wrote to address 0",
				   .frame_count = frames };

	for (uint32_t i = 0; i < frames; i++)
		f.frames[i] = (struct proto_frame){ .symbol = "bad_init",
						    .module = "bad",
						    .offset = i,
						    .size = 64,
						    .flags = i % 4 };
	return f;
}

static void findings_follow_the_fields(void **state)
{
	struct pair *p = *state;
	struct proto_finding f = finding(3), got;
	uint32_t status;

	proto_init(&p->out, PROTO_REPLY, 5);
	proto_put_u32(&p->out, 42);
	assert_true(proto_put_finding(&p->out, &f));
	assert_true(proto_put_finding(&p->out, &f));
	pass(p);
	assert_true(proto_get_u32(&p->in, &status));
	assert_int_equal(status, 42);
	assert_int_equal(proto_get_finding_count(&p->in), 2);
	assert_true(proto_get_finding(&p->in, &got));
	assert_true(proto_get_finding(&p->in, &got));
	assert_string_equal(got.kind, "oops");
	assert_string_equal(got.module, "bad");
	assert_int_equal(got.frame_count, 3);
	assert_string_equal(got.frames[2].symbol, "bad_init");
	assert_int_equal(got.frames[2].offset, 2);
	assert_int_equal(got.frames[1].flags, PROTO_FRAME_RELIABLE);
	assert_false(proto_get_finding(&p->in, &got));
	assert_false(p->in.flags & PROTO_MORE_FINDINGS);

	proto_init(&p->out, PROTO_REPLY, 6);
	pass(p);
	assert_int_equal(proto_get_finding_count(&p->in), 0);
	assert_false(p->in.failed);
}

static void what_does_not_fit_stays(void **state)
{
	struct pair *p = *state;
	struct proto_finding f = finding(PROTO_FRAMES_MAX), got;
	size_t n = 0;

	proto_init(&p->out, PROTO_REPLY, 5);
	while (proto_put_finding(&p->out, &f))
		n++;
	assert_in_range(n, 10, 99);
	assert_false(p->out.failed);
	assert_true(p->out.flags & PROTO_MORE_FINDINGS);
	pass(p);
	assert_int_equal(proto_get_finding_count(&p->in), n);
	for (size_t i = 0; i < n; i++)
		assert_true(proto_get_finding(&p->in, &got));
	assert_int_equal(p->in.pos, p->in.size);
}

static void records_come_back(void **state)
{
	struct pair *p = *state;
	struct proto_log l = { 7, 123456789, 3, "dummy: loaded" }, l2;
	struct proto_stat s = { 0100644, 0, 0, 1, 0x103, 4096, 17, 99 }, s2;
	struct proto_status t = { 1, 2, 3, 4, 5, 6, 7, 8 }, t2;

	proto_init(&p->out, PROTO_REPLY, 5);
	assert_true(proto_put_log(&p->out, &l));
	assert_true(proto_put_stat(&p->out, &s));
	assert_true(proto_put_status(&p->out, &t));
	pass(p);
	assert_true(proto_get_log(&p->in, &l2));
	assert_true(proto_get_stat(&p->in, &s2));
	assert_true(proto_get_status(&p->in, &t2));
	assert_string_equal(l2.text, l.text);
	assert_true(l2.seq == 7 && l2.ns == 123456789 && l2.level == 3);
	assert_memory_equal(&s2, &s, sizeof(s));
	assert_memory_equal(&t2, &t, sizeof(t));
	assert_int_equal(p->in.pos, p->in.size);
}

static void a_file_is_read_whole_or_refused(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC), pipes[2];
	void *bytes;
	size_t size;

	assert_int_equal(write(fd, "module", 6), 6);
	assert_int_equal(proto_read_file(fd, 6, &bytes, &size), 0);
	assert_int_equal(size, 6);
	assert_memory_equal(bytes, "module", 6);
	munmap(bytes, size);
	assert_int_equal(proto_read_file(fd, 5, &bytes, &size), -EFBIG);
	close(fd);
	assert_int_equal(proto_read_file(fd, 5, &bytes, &size), -EBADF);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(proto_read_file(pipes[0], 5, &bytes, &size), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_come_as_they_were_put),
		TEST(fields_must_be_all_there_and_no_more),
		TEST(strings_have_a_limit_and_no_nul),
		TEST(a_message_has_a_limit),
		TEST(many_bytes_go_by_a_sealed_memfd),
		TEST(a_memfd_that_could_shrink_is_refused),
		TEST(descriptors_are_taken_or_closed),
		TEST(what_is_no_message_is_refused),
		TEST(findings_follow_the_fields),
		TEST(what_does_not_fit_stays),
		TEST(records_come_back),
		cmocka_unit_test(a_file_is_read_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
