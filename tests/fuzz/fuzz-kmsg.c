// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as records of the kernel's log, and each line as a refusal.

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/root.h"
#include "diag/kmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

/* Nothing that steers a terminal may come out. */
static void require_printable(const char *line)
{
	for (; *line; line++)
		require(*line >= ' ' && *line < 0x7f);
}

static void match(const char *line)
{
	struct kmsg_match m;

	if (!kmsg_match(line, &m))
		return;
	require(m.weight > 0 && m.fact_count <= KMSG_FACTS_MAX);
	for (size_t i = 0; i < m.fact_count; i++) {
		require(*m.facts[i].name);
		require(*m.facts[i].value);
		require(kmsg_match_get(&m, m.facts[i].name) != NULL);
	}
}

/* The same bytes from a file that grows after it was opened. */
static void read_new(const uint8_t *data, size_t size)
{
	_cleanup_kmsg_lines_ struct kmsg_lines lines = { 0 };
	_cleanup_close_ int fd = memfd_create("kmsg", MFD_CLOEXEC);
	char path[32];
	struct kmsg k;

	require(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	kmsg_open(&k, path);
	require(!k.error);
	require(!fd_write_all(fd, data, size));
	require(!kmsg_read(&k, &lines));
	for (size_t i = 0; i < lines.lines.len; i++)
		require_printable(lines.lines.data[i]);
	kmsg_close(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kmsg_lines lines = { 0 };

	require(kmsg_records((struct span){ data, size }, &lines));
	require(lines.lines.len <= KMSG_LINES_MAX);
	for (size_t i = 0; i < lines.lines.len; i++) {
		const char *line = lines.lines.data[i];

		require(strlen(line) <= KMSG_LINE_MAX);
		require_printable(line);
		match(line);
		require(!kmsg_mentions(line, "no-such-module-in-any-input"));
		kmsg_mentions(line, "dummy");
	}
	kmsg_lines_release(&lines);
	read_new(data, size);
	return 0;
}
