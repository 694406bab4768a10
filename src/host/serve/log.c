// SPDX-License-Identifier: GPL-2.0-only
// The last lines that the kernel printed, numbered.
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define LINES_MAX 8192
#define LINE_MAX 1024

static struct {
	struct log_line lines[LINES_MAX];
	uint64_t next;
} l;

/* Lost when there is no memory: the process has other troubles then. */
void log_add(int level, const char *bytes, size_t len, bool goes_on)
{
	struct log_line *line;
	size_t had = 0;
	char *text;

	line = &l.lines[(goes_on ? l.next - 1 : l.next) % LINES_MAX];
	goes_on = goes_on && l.next && line->text;
	if (!goes_on)
		line = &l.lines[l.next % LINES_MAX];
	while (len && bytes[len - 1] == '\n')
		len--;
	if (goes_on)
		had = strlen(line->text);
	len = MIN_OF(len, LINE_MAX - had);
	text = realloc(goes_on ? line->text : NULL, had + len + 1);
	if (!text)
		return;
	memcpy(text + had, bytes, len);
	text[had + len] = '\0';
	if (!goes_on) {
		free(line->text);
		line->seq = l.next++;
		line->ns = time_ns();
		line->level = level;
	}
	line->text = text;
}

const struct log_line *log_from(uint64_t seq)
{
	if (l.next > LINES_MAX)
		seq = MAX_OF(seq, l.next - LINES_MAX);
	return seq < l.next ? &l.lines[seq % LINES_MAX] : NULL;
}

uint64_t log_next_seq(void)
{
	return l.next;
}
