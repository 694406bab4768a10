// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a guest's answers, and as a guest's job.
#include <stdlib.h>
#include <string.h>

#include "vm/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	size_t frames;
	size_t bytes;
};

static void count(void *ctx, enum wire_type type, struct span payload)
{
	struct sum *s = ctx;

	if (payload.size > WIRE_PAYLOAD_MAX || !strchr("roexfd", type))
		abort();
	s->frames++;
	for (size_t i = 0; i < payload.size; i++)
		s->bytes += payload.data[i];
}

/* The sum of what comes of @data when it arrives in pieces. */
static struct sum feed(const char *data, size_t size, size_t piece)
{
	struct wire_decoder d = { 0 };
	struct sum s = { 0 };

	for (size_t at = 0; at < size; at += piece) {
		if (!wire_feed(&d, data + at, MIN_OF(piece, size - at), count,
			       &s))
			break;
	}
	wire_release(&d);
	return s;
}

/* What was read must be written so that the same is read again. */
static void round_trip(const struct job_record *r)
{
	struct strbuf job = { 0 };
	struct job_record again = { 0 };
	size_t pos = 0;

	job_add(&job, r->verb, r->words);
	if (job.failed ||
	    job_next((struct span){ (uint8_t *)job.data, job.len }, &pos,
		     &again) != 1 ||
	    pos != job.len || strcmp(again.verb, r->verb) ||
	    again.count != r->count)
		abort();
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(again.words[i], r->words[i]))
			abort();
	}
	free(again.words);
	strbuf_release(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = feed((const char *)data, size, size + 1);
	struct sum parts = feed((const char *)data, size, 7);
	struct job_record r = { 0 };
	size_t pos = 0, before = 0;

	if (whole.frames != parts.frames || whole.bytes != parts.bytes)
		abort();
	while (job_next((struct span){ data, size }, &pos, &r) == 1) {
		if (pos <= before || pos > size || r.words[r.count])
			abort();
		round_trip(&r);
		before = pos;
	}
	free(r.words);
	return 0;
}
