// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a modules.*.bin: in memory, as a file, and as a sealed file.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tree/index-reader.h"
#include "tree/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *ctx, const char *key, const struct index_hit *hit)
{
	size_t *sum = ctx;

	*sum += strlen(key) + strlen(hit->value) + hit->priority;
	return *sum % 1009 == 1008;
}

static void ask(struct index_file *ix)
{
	static const char *const words[] = {
		"",
		"a",
		"b_x",
		"symbol:b_fn",
		"pci:v00008086d00001599",
		"of:NxT(null)Cfoo,bar_baz",
		"usb:v17p1[x]",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaab",
	};
	struct index_hits hits = { 0 };
	size_t sum = 0;
	int stop;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		hits.list.len = 0;
		if (index_find(ix, words[i], &hits) == -LKM_EFORMAT &&
		    !ix->problem)
			abort();
		if (index_match(ix, words[i], &hits) == -LKM_EFORMAT &&
		    !ix->problem)
			abort();
		for (size_t k = 0; k < hits.list.len; k++)
			sum += strlen(hits.list.data[k].value);
	}
	if (index_each(ix, note, &sum, &stop) == -LKM_EFORMAT && !ix->problem)
		abort();
	index_hits_release(&hits);
}

static void as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("index", MFD_CLOEXEC);
	struct index_file ix;

	if (fd < 0)
		return;
	if (write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return;
	}
	if (!index_open_fd(&ix, fd)) {
		/* It becomes shorter while it is open. */
		if (size % 8 == 7 && ftruncate(fd, (off_t)size / 2) < 0)
			abort();
		ask(&ix);
	}
	index_close(&ix);
}

/* Hostile bytes behind checksums that are right. */
static void sealed(const uint8_t *data, size_t size)
{
	struct strbuf b = { 0 };

	if (size >= 12 && strbuf_add(&b, data, size) && !seal_add(&b, 0))
		as_file((const uint8_t *)b.data, b.len);
	strbuf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct index_file ix;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (!index_open_heap(&ix, copy, size))
		ask(&ix);
	index_close(&ix);
	as_file(data, size);
	sealed(data, size);
	return 0;
}
