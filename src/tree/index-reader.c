// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading modules.*.bin: opening them and finding a key.
#include "tree/index-node.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tree/seal.h"

/* Read the seal, if there is one: it decides whether the rest can be had. */
static int index_check_seal(struct index_file *ix)
{
	switch (seal_find(&ix->source)) {
	case SEAL_NONE:
		if (ix->root & SEAL_FOLLOWS)
			return index_damaged(ix,
					     "was cut off, or changed, "
					     "at its end",
					     ix->source.size);
		return 0;
	case SEAL_SOUND: ix->root &= ~(uint32_t)SEAL_FOLLOWS; return 0;
	case SEAL_DAMAGED:
		return index_damaged(ix, "has damaged checksums",
				     ix->source.size);
	case SEAL_UNREADABLE: break;
	}
	return index_damaged(ix, "cannot be read", 0);
}

static int index_read_header(struct index_file *ix)
{
	uint32_t magic, version;
	int rc;

	/* depmod without modules.builtin.modinfo leaves an empty file. */
	if (!ix->source.size) {
		ix->root = 0;
		return 0;
	}
	if (!index_read_u32(ix, 0, &magic) ||
	    !index_read_u32(ix, 4, &version) ||
	    !index_read_u32(ix, 8, &ix->root))
		return index_damaged(ix, "is too short", ix->source.size);
	if (magic != INDEX_MAGIC)
		return index_damaged(ix, "has no magic number of an index", 0);
	if (version >> 16 != INDEX_MAJOR)
		return index_damaged(ix, "has another format version", 4);
	/* From here on all that is read is checked, what was read is now. */
	rc = index_check_seal(ix);
	if (rc < 0)
		return rc;
	if (ix->source.size < INDEX_HEADER || !(ix->root & INDEX_OFFSET))
		return index_damaged(ix, "has no root node", 8);
	return 0;
}

/*
 * Single pages, as struct source has them: a fault of fresh memory costs more
 * than a pread().  Reading 1, 4, 16 or 512 pages at a time made the first
 * lookup of a pci: modalias take 47, 64, 158 or 534 us.
 */
int index_open_fd(struct index_file *ix, int fd)
{
	int rc;

	*ix = (struct index_file){ .fd = fd, .source = { .fd = -1 } };
	rc = source_open_fd(&ix->source, fd, INDEX_FILE_MAX);
	if (rc == -ENOMEM)
		return -LKM_ENOMEM;
	if (rc == -EFBIG)
		return index_damaged(ix, "is larger than any index", 0);
	if (rc < 0)
		return index_damaged(ix, "is no regular file", 0);
	return index_read_header(ix);
}

int index_open_heap(struct index_file *ix, uint8_t *bytes, uint64_t size)
{
	*ix = (struct index_file){ .fd = -1, .source = { .fd = -1 } };
	source_from_heap(&ix->source, bytes, size);
	return index_read_header(ix);
}

void index_close(struct index_file *ix)
{
	source_release(&ix->source);
	if (ix->fd >= 0)
		close(ix->fd);
	ix->fd = -1;
}

int index_find(struct index_file *ix, const char *key, struct index_hits *hits)
{
	uint32_t word = ix->root;

	/* Each turn but the last takes a character of the key. */
	while (word) {
		struct node n;
		uint64_t size;
		size_t len;
		int rc = node_read(ix, word, &n);

		if (rc < 0)
			return rc;
		len = strlen(n.prefix);
		if (strncmp(n.prefix, key, len) != 0)
			return 0;
		key += len;
		if (!*key) {
			rc = node_add_values(ix, &n, hits, &size);
			return rc < 0 ? rc : n.value_count > 0;
		}
		word = node_child(&n, (unsigned char)*key++);
	}
	return 0;
}
