// SPDX-License-Identifier: LGPL-2.1-or-later
// The frames of a guest's answers and the records of its job.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "vm/wire.h"

struct taken {
	struct strbuf types;
	struct strbuf bytes;
};

static void take(void *ctx, enum wire_type type, struct span payload)
{
	struct taken *t = ctx;

	strbuf_addc(&t->types, (char)type);
	strbuf_add(&t->bytes, (const char *)payload.data, payload.size);
}

static void put(struct strbuf *b, enum wire_type type, const char *text)
{
	uint8_t head[WIRE_HEADER];

	wire_header(type, strlen(text), head);
	strbuf_add(b, (const char *)head, sizeof(head));
	strbuf_adds(b, text);
}

static void taken_release(struct taken *t)
{
	strbuf_release(&t->types);
	strbuf_release(&t->bytes);
}

static void frames_come_in_any_pieces(void **state)
{
	_cleanup_strbuf_ struct strbuf stream = { 0 };

	put(&stream, WIRE_READY, "1500");
	put(&stream, WIRE_STDOUT, "hello ");
	put(&stream, WIRE_STDERR, "");
	put(&stream, WIRE_EXIT, "7");
	put(&stream, WIRE_DONE, "");
	for (size_t piece = 1; piece <= stream.len; piece++) {
		struct wire_decoder d = { 0 };
		struct taken t = { 0 };

		for (size_t at = 0; at < stream.len; at += piece)
			assert_true(wire_feed(&d, stream.data + at,
					      MIN_OF(piece, stream.len - at),
					      take, &t));
		assert_string_equal(strbuf_str(&t.types), "roexd");
		assert_string_equal(strbuf_str(&t.bytes), "1500hello 7");
		assert_int_equal(d.pending.len, 0);
		wire_release(&d);
		taken_release(&t);
	}
}

static void feed_fails(const char *bytes, size_t len, const char *types)
{
	struct wire_decoder d = { 0 };
	struct taken t = { 0 };

	assert_false(wire_feed(&d, bytes, len, take, &t));
	assert_true(d.broken);
	assert_string_equal(strbuf_str(&t.types), types);
	/* and stays so */
	assert_false(wire_feed(&d, "LKd\0\0\0\0\0", 8, take, &t));
	assert_string_equal(strbuf_str(&t.types), types);
	wire_release(&d);
	taken_release(&t);
}

static void nonsense_breaks_the_stream(void **state)
{
	_cleanup_strbuf_ struct strbuf stream = { 0 };

	feed_fails("login: root", 11, "");
	feed_fails("LKo\1\0\0\0\0", 8, "");
	feed_fails("LK\0\0\0\0\0\0", 8, "");
	feed_fails("LKz\0\0\0\0\0", 8, "");
	/* longer than a frame may be: 16385 bytes */
	feed_fails("LKo\0\1\100\0\0", 8, "");
	put(&stream, WIRE_STDOUT, "good");
	strbuf_adds(&stream, "then junk");
	feed_fails(stream.data, stream.len, "o");
}

static void jobs_come_back(void **state)
{
	_cleanup_strbuf_ struct strbuf job = { 0 };
	struct job_record r = { 0 };
	struct span bytes;
	size_t pos = 0;

	job_add(&job, JOB_INSMOD, (const char *[]){ "/lkm/early/9p.ko", NULL });
	job_add(&job, JOB_RUN,
		(const char *[]){ "sh", "-c", "echo \"a b\"", "", NULL });
	bytes = (struct span){ (uint8_t *)job.data, job.len };
	assert_int_equal(job_next(bytes, &pos, &r), 1);
	assert_string_equal(r.verb, JOB_INSMOD);
	assert_int_equal(r.count, 1);
	assert_string_equal(r.words[0], "/lkm/early/9p.ko");
	assert_null(r.words[1]);
	assert_int_equal(job_next(bytes, &pos, &r), 1);
	assert_string_equal(r.verb, JOB_RUN);
	assert_int_equal(r.count, 4);
	assert_string_equal(r.words[2], "echo \"a b\"");
	assert_string_equal(r.words[3], "");
	assert_int_equal(job_next(bytes, &pos, &r), 0);
	free(r.words);
}

static void damaged_jobs_are_refused(void **state)
{
	static const char huge[] = "run\0"
				   "99999\0a";
	static const char letters[] = "run\0two\0a\0b";
	_cleanup_strbuf_ struct strbuf job = { 0 };
	struct job_record r = { 0 };
	size_t pos = 0;

	job_add(&job, JOB_RUN, (const char *[]){ "echo", "hello", NULL });
	for (size_t len = 1; len < job.len; len++) {
		pos = 0;
		assert_int_equal(
			job_next((struct span){ (uint8_t *)job.data, len },
				 &pos, &r),
			-EBADMSG);
	}
	pos = 0;
	assert_int_equal(
		job_next((struct span){ (const uint8_t *)huge, sizeof(huge) },
			 &pos, &r),
		-EBADMSG);
	pos = 0;
	assert_int_equal(job_next((struct span){ (const uint8_t *)letters,
						 sizeof(letters) },
				  &pos, &r),
			 -EBADMSG);
	free(r.words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_in_any_pieces),
		cmocka_unit_test(nonsense_breaks_the_stream),
		cmocka_unit_test(jobs_come_back),
		cmocka_unit_test(damaged_jobs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
