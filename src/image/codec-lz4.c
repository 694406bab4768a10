// SPDX-License-Identifier: LGPL-2.1-or-later
// Kernels of lz4, in the "legacy" frame that `lz4 -l` writes: liblz4.
#include "image/codec.h"

#ifdef HAVE_LZ4
#include <limits.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "base/dl.h"

/* A block holds this much, but for the last (lz4_Frame_format.md). */
#define BLOCK_MAX ((size_t)8 << 20)
#define FRAME_MAGIC 0x184c2102

struct lz4 {
	char block[BLOCK_MAX]; /* decompressed */
	__typeof__(&LZ4_decompress_safe) decode;
};

#define LZ4_LIBRARY "liblz4.so.1"
DL_NOTE(lz4, "lz4", "kernel images of lz4", "suggested", LZ4_LIBRARY);

static void lz4_release(void *state)
{
	free(state);
}

static int lz4_start(void **state, const char *file, struct lkm_error **reterr)
{
	struct lz4 *z;

	if (*state)
		return 0;
	z = calloc(1, sizeof(*z));
	if (!z)
		return error_nomem(reterr);
	if (dl_load(LZ4_LIBRARY,
		    &(struct dl_symbol){ "LZ4_decompress_safe",
					 (void **)&z->decode },
		    1, NULL) < 0) {
		free(z);
		return codec_no_library(file, &codec_lz4, "liblz4", reterr);
	}
	*state = z;
	return 0;
}

static int lz4_block(struct codec *c, struct lz4 *z, struct span block,
		     const char *file, struct lkm_error **reterr)
{
	int size = z->decode((const char *)block.data, z->block,
			     (int)block.size, (int)sizeof(z->block));
	int rc;

	if (size < 0)
		return codec_broken(file, &codec_lz4, "damaged data", reterr);
	rc = codec_room(c, (size_t)size, file, reterr);
	if (rc < 0)
		return rc;
	memcpy(c->out + c->size, z->block, (size_t)size);
	c->size += (size_t)size;
	return 0;
}

static int lz4_decode(struct codec *c, void **state, struct span in,
		      const char *file, struct lkm_error **reterr)
{
	struct span block;
	uint64_t at = 0;
	uint32_t size;
	int rc;

	rc = lz4_start(state, file, reterr);
	if (rc < 0)
		return rc;
	while (at < in.size) {
		if (!span_u32(in, at, false, &size))
			return codec_broken(file, &codec_lz4, "it ends early",
					    reterr);
		at += sizeof(size);
		/* Frames may follow one another. */
		if (size == FRAME_MAGIC)
			continue;
		if (size > INT_MAX || !span_slice(in, at, size, &block))
			return codec_broken(file, &codec_lz4, "it ends early",
					    reterr);
		at += size;
		rc = lz4_block(c, *state, block, file, reterr);
		if (rc < 0)
			return rc;
	}
	return 0;
}
#else
#define lz4_decode NULL
#define lz4_release NULL
#endif

const struct codec_format codec_lz4 = {
	.name = "lz4",
	.magic = { 0x02, 0x21, 0x4c, 0x18 },
	.magic_size = 4,
	.decode = lz4_decode,
	.release = lz4_release,
};
