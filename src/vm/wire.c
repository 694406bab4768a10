// SPDX-License-Identifier: LGPL-2.1-or-later
// What host and guest say to each other: the job, and the frames of answers.
#include "vm/wire.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

void wire_header(enum wire_type type, size_t len, uint8_t ret[WIRE_HEADER])
{
	ret[0] = 'L';
	ret[1] = 'K';
	ret[2] = (uint8_t)type;
	ret[3] = 0;
	for (size_t i = 0; i < 4; i++)
		ret[4 + i] = (uint8_t)(len >> (8 * i));
}

/* Length of the frame at the start of @in; 0: not complete; false: no frame. */
static bool frame_at(struct span in, size_t *ret_len)
{
	struct span head;
	uint32_t len;

	*ret_len = 0;
	if (!span_slice(in, 0, WIRE_HEADER, &head))
		return true;
	if (memcmp(head.data, "LK", 2) || head.data[3] ||
	    !strchr("roexfd", head.data[2]) || !head.data[2])
		return false;
	if (!span_u32(head, 4, false, &len) || len > WIRE_PAYLOAD_MAX)
		return false;
	if (in.size - WIRE_HEADER >= len)
		*ret_len = WIRE_HEADER + len;
	return true;
}

bool wire_feed(struct wire_decoder *d, const char *bytes, size_t len,
	       wire_fn fn, void *ctx)
{
	struct span in, payload;
	size_t done = 0, frame;

	if (d->broken || !strbuf_add(&d->pending, bytes, len))
		return false;
	for (;;) {
		in = (struct span){ (uint8_t *)d->pending.data + done,
				    d->pending.len - done };
		if (!frame_at(in, &frame)) {
			d->broken = true;
			return false;
		}
		if (!frame ||
		    !span_slice(in, WIRE_HEADER, frame - WIRE_HEADER, &payload))
			break;
		fn(ctx, (enum wire_type)in.data[2], payload);
		done += frame;
	}
	memmove(d->pending.data, d->pending.data + done, in.size);
	d->pending.len = in.size;
	return true;
}

void wire_release(struct wire_decoder *d)
{
	strbuf_release(&d->pending);
}

/* With its NUL. */
static void add_word(struct strbuf *job, const char *word)
{
	strbuf_add(job, word, strlen(word) + 1);
}

void job_add(struct strbuf *job, const char *verb, const char *const *words)
{
	char count[24];
	size_t n = 0;

	while (words[n])
		n++;
	snprintf(count, sizeof(count), "%zu", n);
	add_word(job, verb);
	add_word(job, count);
	for (size_t i = 0; i < n; i++)
		add_word(job, words[i]);
}

static bool take_word(struct span job, size_t *pos, const char **ret)
{
	if (!span_string(job, *pos, ret))
		return false;
	*pos += strlen(*ret) + 1;
	return true;
}

int job_next(struct span job, size_t *pos, struct job_record *ret)
{
	const char *count, **words;
	uint64_t n;

	if (*pos >= job.size)
		return 0;
	if (!take_word(job, pos, &ret->verb) || !take_word(job, pos, &count) ||
	    !text_to_u64(count, 10, &n) || n > WIRE_WORDS_MAX)
		return -EBADMSG;
	words = reallocarray(ret->words, (size_t)n + 1, sizeof(*words));
	if (!words)
		return -ENOMEM;
	ret->words = words;
	ret->count = (size_t)n;
	for (size_t i = 0; i < n; i++) {
		if (!take_word(job, pos, &words[i]))
			return -EBADMSG;
	}
	words[n] = NULL;
	return 1;
}
