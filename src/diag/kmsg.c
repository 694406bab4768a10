// SPDX-License-Identifier: LGPL-2.1-or-later
// What the kernel says: its log from a moment on.
#include "diag/kmsg.h"

#include <fcntl.h>
#include <string.h>

#include "base/text.h"

void kmsg_open(struct kmsg *k, const char *path)
{
	*k = (struct kmsg){ .fd = -1 };
	k->fd = open(path ? path : "/dev/kmsg",
		     O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (k->fd < 0)
		k->error = errno;
	else if (lseek(k->fd, 0, SEEK_END) < 0 && errno != ESPIPE)
		k->error = errno; /* a pipe has no past to skip */
}

void kmsg_close(struct kmsg *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}

void kmsg_lines_release(struct kmsg_lines *lines)
{
	for (size_t i = 0; i < lines->lines.len; i++)
		free(lines->lines.data[i]);
	vec_release(&lines->lines);
}

static bool lines_have(const struct kmsg_lines *l, const char *text)
{
	for (size_t i = 0; i < l->lines.len; i++) {
		if (!strcmp(l->lines.data[i], text))
			return true;
	}
	return false;
}

static int hex_digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/*
 * The kernel escapes what is not printable as \xNN (and the backslash too).
 * Printable ones are undone; others stay escaped, so that no line can send
 * control sequences to a terminal.
 */
static char *text_unescape(struct span s)
{
	char *out = malloc(s.size + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < s.size; i++) {
		const uint8_t *p = s.data + i;
		int value = -1;

		if (s.size - i >= 4 && p[0] == '\\' && p[1] == 'x' &&
		    hex_digit(p[2]) >= 0 && hex_digit(p[3]) >= 0)
			value = hex_digit(p[2]) * 16 + hex_digit(p[3]);
		if (value >= ' ' && value < 0x7f) {
			out[n++] = (char)value;
			i += 3;
		} else if (p[0] >= ' ' && p[0] < 0x7f) {
			out[n++] = (char)p[0];
		} else {
			out[n++] = '?';
		}
	}
	out[n] = '\0';
	return out;
}

bool kmsg_add_line(struct kmsg_lines *l, struct span text)
{
	char *s;

	if (l->lines.len >= KMSG_LINES_MAX)
		return true;
	text.size = MIN_OF(text.size, (size_t)KMSG_LINE_MAX);
	s = text_unescape(text);
	if (!s)
		return false;
	/* finit_module and a retry with init_module say everything twice */
	if (lines_have(l, s)) {
		free(s);
		return true;
	}
	if (vec_push(&l->lines, s))
		return true;
	free(s);
	return false;
}

bool kmsg_records(struct span bytes, struct kmsg_lines *ret)
{
	struct span line, text;
	size_t pos = 0;

	while (text_next_line(bytes, &pos, &line)) {
		const uint8_t *semicolon;
		size_t skip;

		/* " KEY=value" belongs to the record before */
		if (!line.size || line.data[0] == ' ')
			continue;
		semicolon = memchr(line.data, ';', line.size);
		skip = semicolon ? (size_t)(semicolon - line.data) + 1 : 0;
		if (span_slice(line, skip, line.size - skip, &text) &&
		    text.size && !kmsg_add_line(ret, text))
			return false;
	}
	return true;
}

int kmsg_read(struct kmsg *k, struct kmsg_lines *ret)
{
	uint8_t record[KMSG_RECORD_MAX];

	if (k->error)
		return -k->error;
	for (;;) {
		ssize_t n = read(k->fd, record, sizeof(record));

		/* EPIPE: older lines were overwritten meanwhile; go on */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n < 0 && errno != EAGAIN)
			k->error = errno;
		if (n <= 0)
			return -k->error;
		if (!kmsg_records((struct span){ record, (size_t)n }, ret))
			return -ENOMEM;
	}
}
